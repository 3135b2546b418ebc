"""Exported programmable designs with control buses: networks are loaded by the driver in C."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from simulated_bus import SimulatedBus

from nnhw import golden
from nnhw.export import generate_verilog, make_register_map
from nnhw.export.verilog import ExportedMemories
from nnhw.image import image_of, read_image, write_image
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


def build(folder, bus: str, *, clocks: str = "one", **choices):
    """A design of both networks: its machine, and of each network program, registers and cycles;
    images and frames are written."""
    graphs = networks()
    config = EngineConfig(
        rows=2,
        cols=2,
        input_bytes=2,
        output_bytes=1,
        frame_check=True,
        programmable=True,
        **choices,
    )
    machine = shared_machine(list(graphs.values()), config, Headroom())
    shell = ShellConfig(bus=bus, bus_errors=True, clocks=clocks)
    built, rng = {}, np.random.default_rng(2)
    for name, graph in graphs.items():
        program = replace(map_graph(graph, machine), name="system")
        cycles = predict_cycles(program)
        registers = make_register_map(
            graph, program, cycles, model_sha256=HASHES[name], shell=shell
        )
        write_image(image_of(machine, program.image, registers), folder / f"{name}.bin")
        tensor = graph.tensors[graph.inputs[0].tensor]
        frames = rng.integers(tensor.q.lo, tensor.q.hi + 1, (FRAMES, *tensor.shape), np.int8)
        (folder / f"{name}.frames").write_bytes(frames.tobytes())
        expected = golden.run(graph, frames)[graph.outputs[0].tensor].reshape(FRAMES, -1)
        built[name] = SimpleNamespace(
            program=program, registers=registers, cycles=cycles, expected=expected
        )
    return machine, shell, built


def defines(machine, built, **more: int) -> dict[str, int]:
    """Macros for the bench."""
    return {
        "IMAGES": 1,
        "INPUT_BYTES": 2,
        "OUTPUT_BYTES": 1,
        "ABORT_CYCLES": 2 * max(network.cycles.latency_cycles for network in built.values()),
        "LOAD_BITS": LoadMap.of(machine).address_bits,
        **more,
    }


def check_outputs(lines, name: str, expected) -> None:
    """Compare what the bench prints of a network's frames, each by its number."""
    found = [line.split()[1:] for line in lines if line.startswith(name)]
    numbers, got = [int(line[0]) for line in found], [line[1:] for line in found]
    np.testing.assert_array_equal(np.array(got, np.int8), expected[np.array(numbers) % FRAMES])


@pytest.mark.parametrize(
    ("bus", "clocks"),
    [
        ("apb", "one"),
        *(
            pytest.param(bus, clocks, marks=pytest.mark.slow)
            for bus in BUSES
            for clocks in ("one", "two")
            if (bus, clocks) != ("apb", "one")
        ),
    ],
)
def test_images_through_the_driver(bus, clocks, tmp_path):
    """Loaded one after the other; damaged images, words for a busy engine, aborts and resets."""
    machine, shell, built = build(tmp_path, bus, clocks=clocks)
    foreign = replace(read_image(tmp_path / "a.bin"), machine_sha256="11" * 32)
    write_image(foreign, tmp_path / "foreign.bin")
    simulated = SimulatedBus(
        tmp_path,
        # one network's Verilog, and the other one's registers: they are the same
        generate_verilog(built["a"].program, shell=shell, registers=built["b"].registers),
        bus=bus,
        registers=built["a"].registers,
        defines=defines(machine, built, **({"TWO_CLOCKS": 1} if clocks == "two" else {})),
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
    for name, network in built.items():
        assert sum(line.startswith(name) for line in outputs) > 30
        check_outputs(outputs, name, network.expected)


@pytest.mark.parametrize(
    ("bus", "rounds", "choices"),
    [
        ("apb", 20, {}),
        *(
            pytest.param(bus, 200, choices, marks=pytest.mark.slow)
            for bus in BUSES
            for choices in ({}, {"frame_buffers": 1}, {"parity": True})
        ),
    ],
)
def test_two_banks(bus, rounds, choices, tmp_path):
    """Networks are loaded beside the one that runs; frames of both are inside when they change."""
    machine, shell, built = build(tmp_path, bus, program_banks=2, **choices)
    simulated = SimulatedBus(
        tmp_path,
        generate_verilog(built["a"].program, shell=shell, registers=built["b"].registers),
        bus=bus,
        registers=built["a"].registers,
        # addresses without the bank
        defines=defines(machine, built, LOAD_BITS=LoadMap.of(machine).bank_offset),
    )
    files = ("a.bin", "a.frames", "b.bin", "b.frames")
    *outputs, counts, done = simulated.run("banks", *files, str(rounds))
    assert done == "done"
    switches, busy, left = map(int, counts.split()[1::2])
    assert switches == rounds
    assert busy > 0
    assert left >= busy
    for name, network in built.items():
        assert sum(line.startswith(name) for line in outputs) > rounds // 4
        check_outputs(outputs, name, network.expected)


@pytest.mark.slow
@pytest.mark.parametrize("clocks", ["one", "two"])
def test_every_flipped_bit_is_found(clocks, tmp_path):
    """Of program, weights and constants, in the exported Verilog; the driver says it."""
    machine, shell, built = build(tmp_path, "apb", clocks=clocks, parity=True)
    network = built["b"]
    memories = ExportedMemories("system")
    verilog = generate_verilog(network.program, memories, shell=shell, registers=network.registers)
    public = r"\1 /* verilator public_flat_rw */;"
    verilog = re.sub(r"(\] contents \[\d+:\d+\]);", public, verilog)
    layers = len(network.program.layers)
    image = network.program.image
    rows = {"engine.weights": len(image.weights), "engine.parameters": len(image.parameters)}
    counted = []
    for memory in memories.memories:
        owner = memory.instance.rpartition(".")[0]
        used = layers if owner.endswith(".instruction") else rows.get(owner, 0)
        if used:
            path = "__DOT__".join(["system", *memory.instance.split("."), "contents"])
            counted.append((path, used, memory.width))
    lines = ["static const struct { int rows, bits; } MEMORIES[] = {"]
    lines += [f"    {{{used}, {bits}}}," for _, used, bits in counted]
    lines += ["};", "static void flip(int memory, int row, int bit) {", "    switch (memory) {"]
    lines += [
        f"    case {index}: flip_in(dut->rootp->{path}, row, bit); break;"
        for index, (path, _, _) in enumerate(counted)
    ]
    (tmp_path / "flips.h").write_text("\n".join([*lines, "    }", "}"]) + "\n")
    simulated = SimulatedBus(
        tmp_path,
        verilog,
        bus="apb",
        registers=network.registers,
        defines=defines(machine, built, FLIPS=1, **({"TWO_CLOCKS": 1} if clocks == "two" else {})),
        include=(tmp_path,),
    )
    *outputs, flips, done = simulated.run("flips", "b.bin", "b.frames")
    assert done == "done"
    assert int(flips.split()[1]) == sum(used * bits for _, used, bits in counted) > 1000
    check_outputs(outputs, "a", network.expected)
