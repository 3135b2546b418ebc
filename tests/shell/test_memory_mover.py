"""Frames between a memory and an engine, both in Python: good ones, and all that can go wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect
from amaranth.sim import Simulator
from axi_memory import DECERR, OKAY, SLVERR, AxiMemory
from frame_descriptors import descriptor, outcome, room

from nnhw.registers import BURST_BEATS
from nnhw.registers.descriptor import Result
from nnhw.shell.dma import MemoryMover
from nnhw.shell.frame_control import FrameControl

INPUTS, OUTPUTS = (37, 300), (90, 8, 13)
"""Bytes of the tensors of the engine's frames."""
ENTRIES = 6
DESCRIPTORS = 0x1000
MOST_CYCLES = 20_000


class Shell(wiring.Component):
    """A mover at an engine that is cut off when a frame is aborted, as in a register shell."""

    def __init__(self, mover: MemoryMover, word_bytes: int):
        self.mover = mover
        self.control = FrameControl(
            input_bytes=word_bytes, output_bytes=word_bytes, reset_latency=3
        )
        members = self.control.signature.members
        super().__init__(
            {
                "abort": In(1),
                "inside_in": members["inside_in"],
                "inside_out": members["inside_out"],
                "engine_reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.mover = mover = self.mover
        m.submodules.control = control = self.control
        connect(m, mover.frames_in, control.outside_in)
        connect(m, control.outside_out, mover.frames_out)
        connect(m, wiring.flipped(self.inside_in), control.inside_in)
        connect(m, wiring.flipped(self.inside_out), control.inside_out)
        m.d.comb += [
            control.enable.eq(1),
            mover.abort.eq(self.abort),
            control.abort.eq(self.abort | mover.frame_abort),
            mover.aborting.eq(control.aborting),
            self.engine_reset.eq(control.engine_reset),
        ]
        return m


@dataclass
class Bench:
    """A mover with what is around it."""

    word_bytes: int = 4
    address_bits: int = 32
    pace: float = 1.0
    seed: int = 0
    wrong: dict[tuple[str, int], int] = field(default_factory=dict)
    """Answers other than OKAY, by kind and row of the longest burst."""

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self}")
        self.mover = MemoryMover(
            address_bits=self.address_bits, word_bytes=self.word_bytes, entries=ENTRIES
        )
        self.shell = Shell(self.mover, self.word_bytes)
        self.memory = AxiMemory(
            self.mover,
            word_bytes=self.word_bytes,
            rng=self.rng,
            pace=self.pace,
            answer=lambda kind, address: self.wrong.get((kind, self.row(address)), OKAY),
        )
        self.events: dict[str, int] = dict.fromkeys(
            ("delivered", "read_error", "write_error", "invalid", "inaccessible", "aborted"), 0
        )
        self.longer = 0
        """Words that output frames of the engine are too long."""
        self.place = 0x10000

    def row(self, address: int) -> int:
        """That an address is in; no burst is in two of them."""
        return address // (BURST_BEATS * self.word_bytes)

    def words(self, sizes) -> int:
        """Of all tensors of a frame."""
        return sum(-(-size // self.word_bytes) for size in sizes)

    def allot(self, size: int) -> int:
        """Memory for a tensor, often across 4 KB."""
        self.place += self.word_bytes * self.rng.randrange(1, 700)
        place, self.place = self.place, self.place + size + self.word_bytes
        self.place -= self.place % self.word_bytes
        return place

    def frame(self, at: int, following: int, *, inputs=INPUTS, outputs=OUTPUTS) -> Frame:
        """A descriptor of a frame in memory."""
        sides = [[(self.allot(size), size) for size in sizes] for sizes in (inputs, outputs)]
        content = [self.rng.randbytes(size) for size in inputs]
        for (address, _), part in zip(sides[0], content, strict=True):
            self.memory.load(address, part)
        self.memory.load(at, descriptor(*sides, following))
        return Frame(at, *sides, content)

    async def engine(self, ctx):
        """Takes frames that are as long as they must be, and answers each of them."""
        shell, frames = self.shell, []
        received: list[int] = []
        sends: list[tuple[int, int]] = []
        waits = 0
        offered = False
        while True:
            ctx.set(self.mover.damaged, 0)
            ready = self.rng.random() < self.pace
            ctx.set(shell.inside_in.ready, ready)
            if sends and not offered and waits <= 0 and self.rng.random() < self.pace:
                data, last = sends[0]
                ctx.set(shell.inside_out.payload, {"data": data, "last": last})
                offered = True
            ctx.set(shell.inside_out.valid, offered)
            waits -= 1
            _, _, valid, beat, taken, resets = await ctx.tick().sample(
                shell.inside_in.valid,
                shell.inside_in.payload,
                shell.inside_out.ready,
                shell.engine_reset,
            )
            if offered and taken:
                sends.pop(0)
                offered = False
            if valid and ready:
                received.append(beat.data)
                whole = len(received) == self.words(INPUTS)
                if beat.last or whole:
                    ctx.set(self.mover.damaged, 1)
                    if beat.last and whole:
                        ctx.set(self.mover.damaged, 0)
                        sends = self.answer(received)
                        waits = self.rng.randrange(60)
                        frames.append(received)
                    received = []
                    if not (beat.last and whole):
                        _, _, resets = await ctx.tick().sample(shell.engine_reset)
            if resets:
                received, sends, offered = [], [], False

    def answer(self, received: list[int]) -> list[tuple[int, int]]:
        """Beats of the output frame of an input frame."""
        seed = random.Random(str(received))
        beats = []
        for size in OUTPUTS:
            content = seed.randbytes(size)
            for first in range(0, size, self.word_bytes):
                beats.append(int.from_bytes(content[first : first + self.word_bytes], "little"))
        beats += [0] * self.longer
        if self.longer < 0:
            beats = beats[: self.longer]
        return [(data, index == len(beats) - 1) for index, data in enumerate(beats)]

    def expected(self, frame: Frame) -> list[bytes]:
        """Outputs of a frame."""
        received = [
            int.from_bytes(part[first : first + self.word_bytes], "little")
            for part in self.in_memory(frame)
            for first in range(0, len(part), self.word_bytes)
        ]
        seed = random.Random(str(received))
        return [seed.randbytes(size) for size in OUTPUTS]

    def in_memory(self, frame: Frame) -> list[bytes]:
        """Inputs with the whole of their last words."""
        width = self.word_bytes
        return [self.memory.read(a, -(-size // width) * width) for a, size in frame.inputs]

    def check(self, frame: Frame, result: Result = Result.OK) -> None:
        """How a frame has ended."""
        given_back, found, size, cycles = outcome(self.memory.read(frame.at, 16))
        assert given_back
        assert Result(found) is result
        if result is Result.OK:
            assert size == sum(OUTPUTS)
            assert self.words(INPUTS) < cycles < MOST_CYCLES
            found = [self.memory.read(*output) for output in frame.outputs]
            assert found == self.expected(frame)
        else:
            assert size == 0

    async def pulse(self, ctx, signal, *, first: int | None = None) -> None:
        """A cycle of a command."""
        if first is not None:
            ctx.set(self.mover.first, first)
        ctx.set(signal, 1)
        await ctx.tick()
        ctx.set(signal, 0)

    async def idle(self, ctx) -> None:
        """Wait until nothing is under way."""
        await ctx.tick().repeat(3)
        for _ in range(MOST_CYCLES):
            if not ctx.get(self.mover.running):
                assert self.memory.is_quiet
                return
            await ctx.tick()
        raise AssertionError("it hangs")

    async def watch(self, ctx):
        """Count events."""
        signals = [getattr(self.mover, name) for name in self.events]
        while True:
            _, _, *values = await ctx.tick().sample(*signals)
            for name, value in zip(self.events, values, strict=True):
                self.events[name] += value

    def run(self, testbench) -> None:
        """Simulate until the testbench has ended."""
        simulator = Simulator(self.shell)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        for process in (self.memory.run, self.engine, self.watch):
            simulator.add_testbench(process, background=True)
        simulator.run()


@dataclass
class Frame:
    """A descriptor and what it describes."""

    at: int
    inputs: list[tuple[int, int]]
    outputs: list[tuple[int, int]]
    content: list[bytes]


@pytest.mark.parametrize(
    ("word_bytes", "address_bits", "pace"),
    [
        (4, 32, 1.0),
        (8, 64, 0.5),
        *(pytest.param(*kind, marks=pytest.mark.slow) for kind in ((8, 32, 0.9), (4, 64, 0.3))),
    ],
)
def test_a_ring(word_bytes, address_bits, pace):
    """Frames one after the other, until a descriptor is software's; then a doorbell goes on."""
    bench = Bench(word_bytes, address_bits, pace)
    step = room(ENTRIES)
    places = [DESCRIPTORS + step * i for i in range(5)]
    if address_bits == 64:
        places = [place | 0x1234 << 40 for place in places]
        bench.place |= 0x9876 << 36
    ring = dict(zip(places, [*places[1:], places[0]], strict=True))
    frames = [bench.frame(place, ring[place]) for place in places[:4]]
    bench.memory.load(places[4], descriptor([], [], places[0], owned=False))

    async def testbench(ctx):
        await bench.pulse(ctx, bench.mover.start, first=places[0])
        await bench.idle(ctx)
        for frame in frames:
            bench.check(frame)
        assert ctx.get(bench.mover.current) == places[4]
        assert bench.events["delivered"] == 4
        more = [bench.frame(place, ring[place]) for place in (places[4], places[0])]
        bench.memory.load(places[1], descriptor([], [], places[2], owned=False))
        await bench.pulse(ctx, bench.mover.doorbell)
        await bench.pulse(ctx, bench.mover.doorbell)
        await bench.idle(ctx)
        for frame in more:
            bench.check(frame)
        assert ctx.get(bench.mover.current) == places[1]

    bench.run(testbench)
    owned = {a + i for f in frames for a, size in f.outputs for i in range(size)}
    heads = {place + i for place in places for i in (0, 1, 2, 3, *range(8, 16))}
    beyond = {place for place in bench.memory.written if place not in owned | heads}
    assert len(beyond) == 2 * sum(OUTPUTS), "bytes beside outputs and heads"
    assert sum(bench.events.values()) == bench.events["delivered"] == 6


WRONG = {
    "read": (Result.READ_ERROR, "read_error"),
    "write": (Result.WRITE_ERROR, "write_error"),
    "address": (Result.ADDRESS, "invalid"),
    "no inputs": (Result.SIZE, "invalid"),
    "too many": (Result.SIZE, "invalid"),
    "empty": (Result.SIZE, "invalid"),
    "huge": (Result.SIZE, "invalid"),
    "short input": (Result.SIZE, "invalid"),
    "long input": (Result.SIZE, "invalid"),
    "short output": (Result.SIZE, "invalid"),
    "long output": (Result.SIZE, "invalid"),
}


@pytest.mark.parametrize(
    ("kind", "seeds"),
    [
        *((kind, 1) for kind in WRONG),
        *(pytest.param(kind, 10, marks=pytest.mark.slow) for kind in WRONG),
        *(pytest.param(kind, 100, marks=pytest.mark.slow) for kind in ("read", "write")),
    ],
)
def test_a_wrong_frame(kind, seeds):
    """It ends with its result, and what follows is right; errors of memory are at random places."""
    for seed in range(seeds):
        bench = Bench(rng_width := (4, 8)[seed % 2], 32, (1.0, 0.6)[seed % 2], seed)
        first, second, third = (DESCRIPTORS + room(ENTRIES) * i for i in range(3))
        lengths = {
            "short input": {"inputs": (37, 300 - rng_width)},
            "long input": {"inputs": (37, 300, 1)},
            "short output": {"outputs": OUTPUTS[:-1]},
            "long output": {"outputs": (*OUTPUTS[:-1], 13 + rng_width)},
            "no inputs": {"inputs": ()},
            "too many": {"outputs": (*OUTPUTS, 4, 4)},
        }
        wrong = bench.frame(first, second, **lengths.get(kind, {}))
        if kind in ("address", "empty", "huge"):
            inputs = list(wrong.inputs)
            address, size = inputs[1]
            inputs[1] = {
                "address": (address + 1, size) if seed % 2 else (address + (1 << 32), size),
                "empty": (address, 0),
                "huge": (address, 1 << 24),
            }[kind]
            bench.memory.load(first, descriptor(inputs, wrong.outputs, second))
        elif kind in ("read", "write"):
            address, size = bench.rng.choice(wrong.inputs if kind == "read" else wrong.outputs)
            place = bench.row(address + bench.rng.randrange(size))
            bench.wrong[kind, place] = (SLVERR, DECERR)[seed % 2]
        good = bench.frame(second, third)
        bench.memory.load(third, descriptor([], [], third, owned=False))

        async def testbench(ctx):
            await bench.pulse(ctx, bench.mover.start, first=first)  # noqa: B023
            await bench.idle(ctx)  # noqa: B023

        bench.run(testbench)
        bench.check(wrong, WRONG[kind][0])
        bench.check(good)
        wanted = dict.fromkeys(bench.events, 0) | {"delivered": 1, WRONG[kind][1]: 1}
        assert bench.events == wanted


@pytest.mark.parametrize("kind", ["read", "write", "place"])
def test_a_descriptor_that_cannot_be_reached(kind):
    """Nothing more is done until software says where to begin."""
    bench = Bench(pace=0.8)
    first, second, third = (DESCRIPTORS + room(ENTRIES) * i for i in range(3))
    frame = bench.frame(first, second + 4 if kind == "place" else second)
    if kind != "place":
        bench.wrong[kind, bench.row(first)] = SLVERR
    good = bench.frame(second, third)
    bench.memory.load(third, descriptor([], [], third, owned=False))

    async def testbench(ctx):
        await bench.pulse(ctx, bench.mover.start, first=first)
        await bench.idle(ctx)
        assert ctx.get(bench.mover.halted)
        await bench.pulse(ctx, bench.mover.doorbell)
        await bench.idle(ctx)
        assert ctx.get(bench.mover.halted)
        assert sum(bench.events.values()) == (2 if kind == "place" else 1)
        await bench.pulse(ctx, bench.mover.start, first=second)
        await bench.idle(ctx)
        assert not ctx.get(bench.mover.halted)

    bench.run(testbench)
    bench.check(good)
    if kind == "place":
        bench.check(frame)
        assert bench.events["invalid"] == 1
    else:
        assert bench.events["inaccessible"] == 1


@pytest.mark.parametrize("aborts", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_aborts_at_any_moment(aborts):
    """Bursts are finished, the frame ends aborted or right; the next one is right."""
    results = set()
    bench = Bench(word_bytes=8, pace=0.8)
    places = [DESCRIPTORS + room(ENTRIES) * i for i in range(3)]
    bench.memory.load(places[2], descriptor([], [], places[2], owned=False))

    async def testbench(ctx):
        for index in range(aborts):
            frames = [bench.frame(places[i], places[i + 1]) for i in range(2)]
            await bench.pulse(ctx, bench.mover.start, first=places[0])
            await ctx.tick().repeat(bench.rng.randrange(400))
            before = ctx.get(bench.mover.running)
            await bench.pulse(ctx, bench.shell.abort)
            await bench.idle(ctx)
            await ctx.tick().repeat(20)
            assert bench.events["aborted"] == index + 1
            for frame in frames:
                given_back, result, *_ = outcome(bench.memory.read(frame.at, 16))
                results.add((bool(before), given_back, Result(result)))
                if given_back and result == Result.OK:
                    bench.check(frame)
            # those that are left
            await bench.pulse(ctx, bench.mover.doorbell)
            await bench.idle(ctx)
            given_back, result, *_ = outcome(bench.memory.read(frames[1].at, 16))
            assert given_back
            if result != Result.ABORTED:
                bench.check(frames[1])

    bench.run(testbench)
    assert {found for _, given_back, found in results if given_back} == {
        Result.OK,
        Result.ABORTED,
    }
