"""Exported programmable designs with control buses: networks are loaded by the driver in C."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from simulated_bus import SimulatedBus

from nnhw import golden
from nnhw.export import generate_verilog, make_register_map
from nnhw.image import image_of, write_image
from nnhw.machine import Headroom, LoadMap, machine_sha256
from nnhw.mapping import EngineConfig, map_graph, predict_cycles, shared_machine
from nnhw.options import BUSES
from nnhw.shell import ShellConfig

FRAMES = 40
HASHES = {"a": "5a" * 32, "b": "c3" * 32}

pytest.importorskip("systemrdl")


def networks():
    """Two networks whose frames and tensors differ."""
    first = IntegerBuilder((2, 3, 3), seed=3, bits=8)
    second = IntegerBuilder((4, 3, 2), seed=4, bits=8)
    convolved = second.conv("x", 3, kernel=(3, 3))
    return {
        "a": first.graph(first.dense("x", 5)),
        "b": second.graph(second.dense(second.function(convolved), 9)),
    }


@pytest.mark.parametrize(
    "bus", [pytest.param(bus, marks=pytest.mark.slow if bus != "apb" else ()) for bus in BUSES]
)
def test_images_through_the_driver(bus, tmp_path):
    """Loaded one after the other; damaged images, words for a busy engine, aborts and resets."""
    graphs = networks()
    config = EngineConfig(
        rows=2, cols=2, input_bytes=2, output_bytes=1, frame_check=True, programmable=True
    )
    machine = shared_machine(list(graphs.values()), config, Headroom())
    shell = ShellConfig(bus=bus, bus_errors=True)
    maps, frames, latency = {}, {}, 0
    rng = np.random.default_rng(2)
    for name, graph in graphs.items():
        program = replace(map_graph(graph, machine), name="system")
        cycles = predict_cycles(program)
        latency = max(latency, cycles.latency_cycles)
        maps[name] = make_register_map(
            graph, program, cycles, model_sha256=HASHES[name], shell=shell
        )
        image = image_of(machine, program.image, maps[name])
        write_image(image, tmp_path / f"{name}.bin")
        tensor = graph.tensors[graph.inputs[0].tensor]
        frames[name] = rng.integers(tensor.q.lo, tensor.q.hi + 1, (FRAMES, *tensor.shape), np.int8)
        (tmp_path / f"{name}.frames").write_bytes(frames[name].tobytes())
    write_image(replace(image, machine_sha256="11" * 32), tmp_path / "foreign.bin")
    simulated = SimulatedBus(
        tmp_path,
        generate_verilog(program, shell=shell, registers=maps["b"]),
        bus=bus,
        registers=maps["a"],
        defines={
            "IMAGES": 1,
            "INPUT_BYTES": 2,
            "OUTPUT_BYTES": 1,
            "ABORT_CYCLES": 2 * latency,
            "LOAD_BITS": LoadMap.of(machine).address_bits,
        },
    )
    lines = simulated.run("images", "a.bin", "a.frames", "b.bin", "b.frames", "foreign.bin")
    *outputs, hashes, done = lines
    assert done == "done"
    magic, version, size, crc, machines = (
        int(line.split()[-1]) for line in outputs if line.startswith("code")
    )
    assert magic + version + size + crc + machines == 100
    assert min(magic, version, size, crc) > 0
    digests = (HASHES["a"], machine_sha256(machine, has_registers=True))
    first = [bytes.fromhex(digest)[:4][::-1].hex() for digest in digests]
    assert hashes == f"hash {' '.join(first)}"
    for name, graph in graphs.items():
        expected = golden.run(graph, frames[name])[graph.outputs[0].tensor].reshape(FRAMES, -1)
        lines = [line.split()[1:] for line in outputs if line.startswith(name)]
        assert len(lines) > 30
        numbers, got = [int(line[0]) for line in lines], [line[1:] for line in lines]
        np.testing.assert_array_equal(np.array(got, np.int8), expected[np.array(numbers) % FRAMES])
