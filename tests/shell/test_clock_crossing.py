"""Streams and resets between two clocks, in whatever relation these are."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, ResetInserter, Signal
from amaranth.sim import Simulator
from stream_bench import collect, drive

from nnhw.shell.clock_crossing import ClockCrossing
from nnhw.shell.reset_crossing import ResetCrossing

# periods of the other clock, of which the first one has 1: equal, all phases pass by slowly and
# quickly, much faster and much slower
PERIODS = (1.0, 1.0131, 0.9713, 0.37, 2.71, 0.0917, 11.3)


class Crossing:
    """A queue from the clock `a` to the clock `b`, with or without a reset."""

    def __init__(self, period: float, *, depth_bits: int = 4, phase: float = 0.3):
        self.queue = ClockCrossing(12, writer="a", reader="b", depth_bits=depth_bits)
        self.request = Signal()
        self.top = Module()
        for name in ("a", "b"):
            self.top.domains += ClockDomain(name, reset_less=True)
        self.top.submodules.reset = self.reset = ResetCrossing(outer="a", inner="b")
        self.top.d.comb += self.reset.request.eq(self.request)
        self.top.submodules.queue = ResetInserter(
            {"a": self.reset.outer_reset, "b": self.reset.inner_reset}
        )(self.queue)
        self.simulator = Simulator(self.top)
        self.simulator.add_clock(1e-6, domain="a")
        self.simulator.add_clock(period * 1e-6, phase=phase * period * 1e-6, domain="b")

    def run(self, testbench, *others):
        self.simulator.add_testbench(testbench)
        for other in others:
            self.simulator.add_testbench(other, background=True)
        self.simulator.run()


class Numbers:
    """A stream whose payload is a number, as the bench for streams of structs takes it."""

    def __init__(self, stream):
        self.valid, self.ready, self.payload = stream.valid, stream.ready, _Payload(stream.payload)


class _Payload:
    def __init__(self, value):
        self._value = value

    def shape(self):
        return [("data", None)]

    def __getitem__(self, name):
        return self._value


@pytest.mark.parametrize("depth_bits", [2, 4])
@pytest.mark.parametrize(("eager_in", "eager_out"), [(1.0, 1.0), (1.0, 0.3), (0.3, 1.0)])
@pytest.mark.parametrize("period", PERIODS)
def test_all_arrives_in_order(period, eager_in, eager_out, depth_bits):
    rng = np.random.default_rng([int(100 * period), depth_bits])
    crossing = Crossing(period, depth_bits=depth_bits)
    numbers = [{"data": int(n)} for n in rng.integers(0, 1 << 12, 200)]
    received: list[dict[str, int]] = []

    async def send(ctx):
        await drive(ctx, Numbers(crossing.queue.source), numbers, rng, eager_in, "a")
        await ctx.tick("a").repeat(int(50 + 60 * max(1, period) / eager_out))

    async def receive(ctx):
        sink_rng = np.random.default_rng(3)
        await collect(ctx, Numbers(crossing.queue.sink), received, sink_rng, eager_out, "b")

    crossing.run(send, receive)
    assert received == numbers


@pytest.mark.parametrize("period", [1.0, 1.0131, 0.9713, 0.37, 2.71])
def test_as_fast_as_the_slower_clock(period):
    """16 places are enough for a transfer in each of its cycles."""
    crossing = Crossing(period)
    taken_at: list[int] = []

    async def send(ctx):
        ctx.set(crossing.queue.source.valid, 1)
        for _ in range(int(400 * max(1, period))):
            _, _, ready = await ctx.tick("a").sample(crossing.queue.source.ready)
            sent.append(ready)

    async def receive(ctx):
        ctx.set(crossing.queue.sink.ready, 1)
        cycle = 0
        while True:
            _, _, valid = await ctx.tick("b").sample(crossing.queue.sink.valid)
            cycle += 1
            if valid:
                taken_at.append(cycle)

    sent: list[int] = []
    crossing.run(send, receive)
    settled = sent[len(sent) // 4 :]
    if period <= 1:  # the writer is slower
        assert all(settled)
    else:
        late = taken_at[len(taken_at) // 4 :]
        assert len(late) == late[-1] - late[0] + 1


@pytest.mark.parametrize("period", PERIODS)
def test_counts_cross_a_bit_at_a_time(period):
    crossing = Crossing(period)
    queue, seen = crossing.queue, {"a": [], "b": []}

    async def send(ctx):
        ctx.set(queue.source.valid, 1)
        await ctx.tick("a").repeat(int(100 * max(1, period)))

    async def watch(ctx, domain, name):
        gray = getattr(queue, name)
        while True:
            _, _, value = await ctx.tick(domain).sample(gray)
            seen[domain].append(value)

    async def receive(ctx):
        ctx.set(queue.sink.ready, 1)
        await watch(ctx, "b", "taken_gray")

    async def watch_writer(ctx):
        await watch(ctx, "a", "written_gray")

    crossing.run(send, receive, watch_writer)
    for counts in seen.values():
        changes = np.bitwise_xor(counts[1:], counts[:-1])
        assert set(changes.tolist()) <= {0, 1, 2, 4, 8, 16}
        assert len(set(counts)) > 8 / max(1, period)


@pytest.mark.parametrize("hasty", [False, True])
@pytest.mark.parametrize("period", PERIODS)
def test_reset_at_any_time(period, hasty):
    """Whatever was under way, what comes first behind a reset is what is sent first.

    A hasty source sends little, and asks for the next reset while the one before is still on its
    way through the other clock.
    """
    rng = np.random.default_rng([int(100 * period), hasty])
    crossing = Crossing(period)
    source, sink = crossing.queue.source, crossing.queue.sink
    received: list[list[int]] = [[]]
    sent: list[list[int]] = [[]]

    async def send(ctx):
        for _ in range(60 if hasty else 30):
            ctx.set(crossing.request, 1)
            ctx.set(source.valid, 0)
            await ctx.tick("a").repeat(1 if hasty else int(rng.integers(1, 4)))
            ctx.set(crossing.request, 0)
            await ctx.tick("a").repeat(3)
            while ctx.get(crossing.reset.outer_reset):
                await ctx.tick("a")
            received.append([])
            sent.append([])
            ctx.set(source.valid, 1)
            for _ in range(int(rng.integers(1, 4 if hasty else 60))):
                number = int(rng.integers(1 << 12))
                ctx.set(source.payload, number)
                await ctx.tick("a").until(source.ready)
                sent[-1].append(number)
            ctx.set(source.valid, 0)
            pause = rng.integers(0, 4) if hasty else rng.integers(1, int(60 * max(1, period)))
            if pause:
                await ctx.tick("a").repeat(int(pause))
        await ctx.tick("a").repeat(int(100 * max(1, period)))

    async def receive(ctx):
        while True:
            ctx.set(sink.ready, bool(rng.random() < 0.7))
            _, _, outer, inner, valid, ready, number = await ctx.tick("b").sample(
                crossing.reset.outer_reset,
                crossing.reset.inner_reset,
                sink.valid,
                sink.ready,
                sink.payload,
            )
            assert outer or not inner, "the outer side runs while the inner one is in reset"
            if valid and ready and not (outer or inner):
                received[-1].append(number)

    crossing.run(send, receive)
    for got, numbers in zip(received, sent, strict=True):
        # what is still on its way when the next reset comes is lost, from some number on
        assert got == numbers[: len(got)]
    assert received[-1] == sent[-1]
    assert hasty or sum(map(bool, received)) >= 20
