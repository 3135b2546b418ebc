"""Exported designs with control buses, simulated with the driver in C as their host."""

from __future__ import annotations

import random
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from register_maps import dma_map
from register_model import RegisterModel
from simulated_bus import STRICT, SimulatedBus

from nnhw import golden
from nnhw.export import generate_verilog, make_register_map
from nnhw.export.register_files import write_drivers, write_register_files
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.options import BUSES
from nnhw.shell import ShellConfig, TensorSizes

ACCESSES = 10_000
FRAMES = 400

pytest.importorskip("systemrdl")


class Bench(SimulatedBus):
    """A small network behind a bus, built once."""

    def __init__(
        self, bus: str, folder: Path, *, tag_bits: int = 0, clocks: str = "one", io: str = "stream"
    ):
        # frames that windows have no room for, of several bursts
        builder = IntegerBuilder((2, 3, 3) if io == "stream" else (4, 6, 3), seed=3)
        self.graph = builder.graph(builder.dense("x", 5 if io == "stream" else 68))
        beats = {"stream": (2, 1), "mapped": (4, 4), "dma": (8, 8)}[io]
        memory = {"memory_data_bits": 64, "memory_address_bits": 64} if io == "dma" else {}
        config = EngineConfig(
            rows=2, cols=2, input_bytes=beats[0], output_bytes=beats[1], frame_check=True
        )
        program = map_graph(self.graph, config)
        self.cycles = predict_cycles(program)
        keep = TensorSizes(inputs=(18,), outputs=(5,)) if tag_bits else None
        shell = ShellConfig(
            bus=bus,
            bus_errors=True,
            keep=keep,
            tag_bits=tag_bits,
            clocks=clocks,
            io=io,
            **memory,
        )
        self.registers = make_register_map(
            self.graph, program, self.cycles, model_sha256="5a" * 32, shell=shell
        )
        super().__init__(
            folder,
            generate_verilog(program, shell=shell, registers=self.registers),
            bus=bus,
            registers=self.registers,
            defines={
                "INPUT_BYTES": beats[0],
                "OUTPUT_BYTES": beats[1],
                "TAG_BITS": tag_bits,
                **({"WINDOWS": 1} if io == "mapped" else {}),
                **({"DMA": 1} if io == "dma" else {}),
                **({"TWO_CLOCKS": 1} if clocks == "two" else {}),
                "ABORT_CYCLES": 3 * self.cycles.latency_cycles,
            },
        )


@pytest.fixture(scope="module")
def bench_of(tmp_path_factory):
    """Benches by bus, bits of tags, clocks, and how frames come and go."""

    def make(bus, tag_bits=0, clocks="one", io="stream"):
        return Bench(bus, tmp_path_factory.mktemp(bus), tag_bits=tag_bits, clocks=clocks, io=io)

    return cache(make)


def test_compiled_for_frames_in_memory(tmp_path):
    """Without a warning, as freestanding C99, with the port as it stands."""
    registers = dma_map()
    write_register_files(registers, tmp_path / "registers")
    write_drivers(registers, tmp_path / "drivers")
    folders = ("-I", "registers", "-I", "drivers/c")
    for source in ("nnhw.c", "nnhw_dma.c"):
        command = ["gcc", *STRICT, "-fsyntax-only", *folders, f"drivers/c/{source}"]
        subprocess.run(command, cwd=tmp_path, check=True)


@pytest.mark.parametrize("bus", BUSES)
def test_random_accesses(bus, bench_of):
    """Of an accelerator that stands still: what it answers, compared with registers in Python."""
    bench, rng = bench_of(bus), random.Random(7)
    model = RegisterModel(bench.registers)
    inputs = {f"status_{name}": 0 for name in ("busy", "receiving", "sending", "aborting")}
    inputs["status_discarding"] = 0
    counters = ("frames_accepted", "frames_dropped", "frames_delivered", "frame_cycles")
    inputs |= dict.fromkeys((*counters, "input_stalls", "output_stalls"), 0)
    lines, expected = [], []
    known = [placed.address for placed in bench.registers]
    changing = [address for address in known if address not in model.words]
    for _ in range(ACCESSES):
        some = rng.random()
        address = rng.choice(known if some < 0.4 else changing)
        if some < 0.15:
            address = rng.randrange(0, bench.registers.window, 4)
        error = int(not model.is_mapped(address))
        if rng.randrange(2):
            data, strobe = rng.getrandbits(32), rng.randrange(16)
            if address == 0x080:
                data &= ~2  # aborts have their own test
            model.write(address, data, strobe)
            lines.append(f"w {address:x} {data:x} {strobe:x}")
            expected.append(f"{error} 0")
        else:
            lines.append(f"r {address:x}")
            expected.append(f"{error} {model.read(address, inputs):x}")
    (bench.folder / "accesses.txt").write_text("\n".join(lines) + "\n")
    assert bench.run("accesses", "accesses.txt") == expected


@pytest.mark.parametrize(
    ("bus", "tag_bits", "clocks", "io"),
    [
        *((bus, 0, "one", "stream") for bus in BUSES),
        ("apb", 8, "one", "stream"),
        ("apb", 8, "two", "stream"),
        ("wishbone", 0, "one", "mapped"),
        pytest.param("axi-lite", 0, "two", "stream", marks=pytest.mark.slow),
        pytest.param("apb", 0, "one", "dma", marks=pytest.mark.slow),
        pytest.param("axi-lite", 0, "two", "dma", marks=pytest.mark.slow),
        pytest.param("axi-lite", 0, "one", "mapped", marks=pytest.mark.slow),
        pytest.param("apb", 0, "two", "mapped", marks=pytest.mark.slow),
    ],
)
def test_frames_through_the_driver(bus, tag_bits, clocks, io, bench_of):
    """Blocking, timed and by interrupts; damaged frames and aborts in between.

    With tags, there is tkeep, too; with two clocks, they have no relation. Mapped frames are longer
    than the windows, which are misused in between. Frames in memory also come in lists, and every
    way in which a descriptor can end comes in between.
    """
    bench = bench_of(bus, tag_bits, clocks, io)
    tensor = bench.graph.inputs[0].tensor
    rng = np.random.default_rng(2)
    shape, q = bench.graph.tensors[tensor].shape, bench.graph.tensors[tensor].q
    frames = rng.integers(q.lo, q.hi + 1, (FRAMES, *shape), np.int8)
    (bench.folder / "frames.bin").write_bytes(frames.tobytes())
    results = golden.run(bench.graph, frames)[bench.graph.outputs[0].tensor]
    *lines, counters, first, second, done = bench.run("frames", "frames.bin")
    assert done == "done"
    got = np.array([line.split()[1:] for line in lines], np.int8)
    np.testing.assert_array_equal(got, results.reshape(FRAMES, -1))
    numbers = dict(zip(*[iter(counters.split())] * 2, strict=True))
    accepted, dropped, delivered, damaged, aborted, closed = (
        int(numbers[name])
        for name in ("accepted", "dropped", "delivered", "damaged", "aborted", "closed")
    )
    assert (damaged, aborted) == (FRAMES // 4, FRAMES // 4)
    # a frame that was to be aborted may be done before, or not have begun
    good, given_up = FRAMES, aborted
    if io == "dma":  # lists besides; wrong frames may have been whole on the way in, or not begun
        good, given_up = FRAMES + 3 * FRAMES // 4, aborted + damaged
        assert dropped <= damaged + aborted
    else:
        assert damaged <= dropped <= damaged + aborted
    assert good <= delivered <= good + given_up
    assert delivered <= accepted <= good + given_up
    assert (closed > 0) == (io == "stream"), "windows are emptied"
    if clocks == "one":
        assert int(numbers["cycles"]) >= bench.cycles.latency_cycles
    words = [list(map(int, line.split()[1:])) for line in (first, second)]
    for entry, word in zip(bench.registers.tensors, words, strict=True):
        values = entry.values()
        assert word[:5] == [values[n] for n in ("offset", "bytes", "height", "width", "channels")]
        assert word[5:8] == [entry.bits, entry.is_output, entry.zero_point]
        assert word[8] * 2.0 ** -word[9] == np.float32(entry.scale)


@pytest.mark.parametrize(
    ("bus", "tag_bits", "clocks", "io"),
    [
        ("apb", 0, "one", "stream"),
        ("apb", 8, "two", "stream"),
        ("wishbone", 0, "one", "mapped"),
        pytest.param("apb", 8, "one", "stream", marks=pytest.mark.slow),
        pytest.param("apb", 0, "one", "dma", marks=pytest.mark.slow),
        pytest.param("axi-lite", 0, "two", "dma", marks=pytest.mark.slow),
        pytest.param("apb", 0, "two", "mapped", marks=pytest.mark.slow),
    ],
)
def test_resets_at_random_moments(bus, tag_bits, clocks, io, bench_of):
    """Whatever is under way, an abort included: the next frame is right, and alone."""
    bench = bench_of(bus, tag_bits, clocks, io)
    tensor = bench.graph.inputs[0].tensor
    rng = np.random.default_rng(5)
    shape, q = bench.graph.tensors[tensor].shape, bench.graph.tensors[tensor].q
    frames = rng.integers(q.lo, q.hi + 1, (100, *shape), np.int8)
    (bench.folder / "resets.bin").write_bytes(frames.tobytes())
    results = golden.run(bench.graph, frames)[bench.graph.outputs[0].tensor]
    *lines, done = bench.run("resets", "resets.bin", "100")
    assert done == "done"
    got = np.array([line.split()[1:] for line in lines], np.int8)
    np.testing.assert_array_equal(got, results.reshape(100, -1))


@pytest.mark.parametrize(
    ("clocks", "moments"),
    [("one", 3), *(pytest.param(c, 100, marks=pytest.mark.slow) for c in ("one", "two"))],
)
def test_a_sink_that_is_not_ready_for_long(clocks, moments, bench_of):
    """For 100,000 cycles, at random moments: nothing is lost, and nothing hangs."""
    check_stalls(bench_of("apb", 0, clocks), moments, frames_of_each=3)


@pytest.mark.slow
def test_a_memory_that_stands_still_for_long(bench_of):
    """Likewise."""
    check_stalls(bench_of("apb", 0, "one", "dma"), 100, frames_of_each=1)


def check_stalls(bench: Bench, moments: int, *, frames_of_each: int) -> None:
    """Stalls at random moments, during some frames each."""
    tensor = bench.graph.inputs[0].tensor
    rng = np.random.default_rng(4)
    shape, q = bench.graph.tensors[tensor].shape, bench.graph.tensors[tensor].q
    frames = rng.integers(q.lo, q.hi + 1, (frames_of_each * moments, *shape), np.int8)
    (bench.folder / "stalls.bin").write_bytes(frames.tobytes())
    results = golden.run(bench.graph, frames)[bench.graph.outputs[0].tensor]
    *lines, done = bench.run("stalls", "stalls.bin", str(moments))
    assert done == "done"
    got = np.array([line.split()[1:] for line in lines], np.int8)
    np.testing.assert_array_equal(got, results.reshape(moments, -1))
