"""Two networks in an engine: one is loaded while the other one runs; frames choose at random."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator
from engine_simulation import frame_beats, write_word
from integer_graphs import IntegerBuilder

from nnhw import golden
from nnhw.export import component_verilog
from nnhw.families import FAMILIES
from nnhw.hdl import Engine
from nnhw.ir import frame_layout
from nnhw.machine import EngineConfig, Headroom, LoadMap, load_writes
from nnhw.mapping import map_graph, predict_cycles, shared_machine

CONFIG = EngineConfig(
    rows=4,
    cols=4,
    lanes=2,
    input_bytes=4,
    output_bytes=2,
    frame_check=True,
    programmable=True,
    program_banks=2,
)
SETTLED = 4
"""Cycles after which a frame that begins is of the bank that was written to the load port, and
`free` was seen to say so."""


def chased() -> IntegerBuilder:
    """Two layers that chase each other."""
    builder = IntegerBuilder((4, 3, 2), seed=5, bits=8)
    builder.dense(builder.dense("x", 9), 5)
    return builder


def two_outputs() -> IntegerBuilder:
    """A frame of a single beat, two outputs, a function."""
    builder = IntegerBuilder((1, 1, 4), seed=6, bits=8)
    x = builder.function(builder.dense("x", 4))
    builder.dense(x, 3)
    builder.dense(x, 7)
    return builder


def networks():
    """Of each: graph, frames, and what is to come out."""
    found = []
    for make in (chased, two_outputs):
        builder = make()
        read = {name for node in builder.nodes for name in node.inputs}
        graph = builder.graph(*(n.output for n in builder.nodes if n.output not in read))
        frames = builder.frames(8)
        layout = frame_layout(graph, graph.outputs, CONFIG.output_bytes)
        results = layout.pack(golden.run(graph, frames)).view(np.int8)
        found.append((graph, frames, results))
    return found


NETWORKS = networks()


def machine_of(**changes):
    config = replace(CONFIG, **changes)
    return shared_machine([graph for graph, _, _ in NETWORKS], config, Headroom())


class Run:
    """An engine, a source and a sink that pause at random, and what is written to its load port.

    `choose` is called in each cycle; it gives what the load port is to get, or None.
    """

    def __init__(self, machine, rng: random.Random, *, busy: float = 0.5):
        self.machine, self.rng, self.busy = machine, rng, busy
        self.programs = [map_graph(graph, machine) for graph, _, _ in NETWORKS]
        self.engine = Engine(machine, self.programs[0].image)
        self.load_map = LoadMap.of(machine)
        self.control = self.load_map.address(self.load_map.sections["control"])
        self.selected = 0
        self.settling = 0
        self.sent: list[tuple[int, int]] = []  # bank and number of each frame that has begun
        self.received: list[list[int]] = [[]]
        self.free = False
        self.parity_errors = 0

    def run(self, network: int) -> int:
        """Word of the control register."""
        return 1 | network << 1

    async def load(self, ctx, bank: int, network: int) -> None:
        """Before the engine runs."""
        program = self.programs[network]
        for write in load_writes(self.machine, program.image, bank=bank):
            await write_word(ctx, self.engine, *write)
        ctx.set(self.engine.load.valid, 0)

    async def frames(self, ctx, count: int, cycles: int, choose, network_of) -> None:
        """Send so many frames, each to the network in its bank; `choose` writes meanwhile."""
        engine, rng = self.engine, self.rng
        beats: list[int] = []
        left = 0
        offered = False
        for _ in range(cycles):
            write = choose(self)
            ctx.set(engine.load.valid, write is not None)
            if write is not None:
                ctx.set(engine.load.address, write[0])
                ctx.set(engine.load.data, write[1])
                if write[0] == self.control:
                    self.selected, self.settling = write[1] >> 1, SETTLED
                    if beats and len(beats) == left:  # it has not begun, and is held back
                        self.sent.pop()
                        beats, offered = [], False
            if not beats and len(self.sent) < count and not self.settling:
                number = rng.randrange(8)
                network = network_of(self.selected)
                beats = frame_beats(NETWORKS[network][1][number], CONFIG.input_bytes)
                self.sent.append((network, number))
                left = len(beats)
            self.settling = max(0, self.settling - 1)
            offered = bool(beats) and (offered or rng.random() < self.busy)
            if not offered and beats and len(beats) == left:
                # it has not begun yet: it may still be another one
                self.sent.pop()
                beats = []
            ctx.set(engine.frames_in.valid, offered)
            if offered:
                ctx.set(engine.frames_in.payload, {"data": beats[0], "last": len(beats) == 1})
            ctx.set(engine.frames_out.ready, rng.random() < self.busy)
            _, _, taken, given, ready, beat, error, free, wrong = await ctx.tick().sample(
                engine.frames_in.ready,
                engine.frames_out.valid,
                engine.frames_out.ready,
                engine.frames_out.payload,
                engine.frame_error,
                engine.free,
                engine.parity_error if self.machine.config.parity else engine.free,
            )
            assert not error
            self.free = bool(free)
            self.parity_errors += bool(wrong)
            if offered and taken:
                beats.pop(0)
                offered = False
            if given and ready:
                self.received[-1] += int(beat.data).to_bytes(CONFIG.output_bytes, "little")
                if beat.last:
                    self.received.append([])
            if len(self.received) > count:
                return
        raise AssertionError(f"{len(self.received) - 1} of {count} frames after {cycles} cycles")

    def check(self) -> None:
        """Each frame's results are those of the network that it was sent to."""
        received = [frame for frame in self.received if frame]
        assert len(received) == len(self.sent)
        for frame, (network, number) in zip(received, self.sent, strict=True):
            wanted = NETWORKS[network][2][number]
            assert (np.array(frame, np.uint8).view(np.int8)[: len(wanted)] == wanted).all()

    def simulate(self, testbench) -> None:
        simulator = Simulator(self.engine)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.run()


@pytest.fixture(scope="module")
def machine():
    return machine_of()


def test_one_is_loaded_while_the_other_one_runs(machine):
    """Frames of the first one go on meanwhile; those that begin behind the switch are of the
    second one."""
    run = Run(machine, random.Random(1))
    writes = load_writes(machine, run.programs[1].image, bank=1)
    writes.append((run.control, run.run(1)))

    def choose(run):
        return writes.pop(0) if writes and run.free and run.rng.random() < 0.7 else None

    async def testbench(ctx):
        await run.load(ctx, 0, 0)
        await write_word(ctx, run.engine, run.control, run.run(0))
        await run.frames(ctx, 24, 20_000, choose, lambda bank: bank)

    run.simulate(testbench)
    run.check()
    assert {network for network, _ in run.sent} == {0, 1}


@pytest.mark.parametrize(
    ("seed", "busy", "changes"),
    [
        (3, 0.9, {}),
        *(
            pytest.param(seed, busy, changes, marks=pytest.mark.slow)
            for seed in range(4, 8)
            for busy in (0.2, 0.6, 1.0)
            for changes in ({}, {"frame_buffers": 1}, {"parity": True})
        ),
    ],
)
def test_switched_at_random_moments(seed, busy, changes):
    """Whatever is under way, a frame ends in the bank in which it has begun. Words for the bank
    that is selected do nothing."""
    machine = machine_of(**changes)
    run = Run(machine, random.Random(seed), busy=busy)
    switches = 0
    weights = LoadMap.of(machine).sections["weights"]

    def choose(run):
        nonlocal switches
        if run.rng.random() < 0.02:
            switches += 1
            return run.control, run.run(run.rng.randrange(2))
        if run.rng.random() < 0.3:
            row = run.rng.randrange(weights.rows)
            address = run.load_map.address(weights, row, bank=run.selected)
            return address, run.rng.getrandbits(32)
        return None

    async def testbench(ctx):
        await run.load(ctx, 0, 0)
        await run.load(ctx, 1, 1)
        await write_word(ctx, run.engine, run.control, run.run(seed % 2))
        run.selected, run.settling = seed % 2, SETTLED
        await run.frames(ctx, 40, 60_000, choose, lambda bank: bank)

    run.simulate(testbench)
    run.check()
    assert switches > 5
    assert run.parity_errors == 0 or not machine.config.parity


def test_free_bank_is_loaded_again_and_again(machine):
    """Networks change places in the banks while frames go on."""
    run = Run(machine, random.Random(8), busy=0.8)
    held = {0: 0, 1: 1}
    writes: list[tuple[int, int]] = []

    def choose(run):
        if run.settling:
            return None
        if writes:
            return writes.pop(0)
        if run.free:
            other = 1 - run.selected
            held[other] = run.rng.randrange(2)
            image = run.programs[held[other]].image
            writes.extend(load_writes(machine, image, bank=other))
            writes.append((run.control, run.run(other)))
        return None

    async def testbench(ctx):
        await run.load(ctx, 0, 0)
        await write_word(ctx, run.engine, run.control, run.run(0))
        await run.frames(ctx, 30, 60_000, choose, held.get)

    run.simulate(testbench)
    run.check()


def test_cycles_are_those_of_one_bank(machine):
    """The second bank changes nothing about latency and interval."""
    for bank in (0, 1):
        run = Run(machine, random.Random(9), busy=1.0)
        cycles = predict_cycles(run.programs[bank])
        times: list[int] = []

        async def testbench(ctx, run=run, bank=bank, cycles=cycles, times=times):
            engine = run.engine
            await run.load(ctx, bank, bank)
            await write_word(ctx, engine, run.control, run.run(bank))
            ctx.set(engine.load.valid, 0)
            while not ctx.get(engine.frames_in.ready):
                await ctx.tick()
            ctx.set(engine.frames_out.ready, 1)
            beats = frame_beats(NETWORKS[bank][1][0], CONFIG.input_bytes)
            sent = 0
            for cycle in range(cycles.latency_cycles + 4 * cycles.interval_cycles):
                ctx.set(engine.frames_in.valid, 1)
                last = sent % len(beats) == len(beats) - 1
                ctx.set(engine.frames_in.payload, {"data": beats[sent % len(beats)], "last": last})
                _, _, taken, given, beat = await ctx.tick().sample(
                    engine.frames_in.ready, engine.frames_out.valid, engine.frames_out.payload
                )
                sent += taken
                if given and beat.last:
                    times.append(cycle)

        run.simulate(testbench)
        assert times[0] == cycles.latency_cycles
        assert times[-1] - times[-2] == cycles.interval_cycles


def test_a_bank_never_loaded_is_never_read(machine):
    """Only the second bank is loaded; what the first one holds makes no difference."""
    run = Run(machine, random.Random(10))

    async def testbench(ctx):
        for address, word in load_writes(machine, run.programs[0].image):
            await write_word(ctx, run.engine, address, word ^ 0x5A5AA5A5)
        await run.load(ctx, 1, 1)
        await write_word(ctx, run.engine, run.control, run.run(1))
        run.selected = 1
        await run.frames(ctx, 5, 5_000, lambda run: None, lambda bank: bank)

    run.simulate(testbench)
    run.check()


@pytest.mark.parametrize("technology", ["portable", *FAMILIES])
def test_it_is_made_of_the_cells_of_every_family(technology):
    """Copies of registers have names of their own there."""
    machine = machine_of(technology=technology)
    program = map_graph(NETWORKS[1][0], machine)
    assert component_verilog(Engine(machine, program.image), "engine").count("endmodule") > 10
