"""Events between two clocks: each one is told, in whatever relation the clocks are."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from nnhw.shell.event_crossing import EventCrossing


@pytest.mark.parametrize("period", [1.0, 1.0131, 0.9713, 0.37, 2.71, 0.0917, 11.3])
def test_each_event_is_told(period):
    """After an event something is seen, and nothing is seen that has not happened."""
    rng = random.Random(f"events {period}")
    m = Module()
    for name in ("a", "b"):
        m.domains += ClockDomain(name, reset_less=True)
    m.submodules.crossing = crossing = EventCrossing(source="a", target="b")
    seen = []
    happened = 0

    async def watch(ctx):
        async for _, _, is_seen in ctx.tick("b").sample(crossing.seen):
            if is_seen:
                seen.append(happened)

    async def testbench(ctx):
        nonlocal happened
        quiet = int(8 + 8 * max(period, 1))
        for _ in range(50):
            before = len(seen)
            burst = rng.choice((1, 1, 2, 3, 20))
            for _ in range(burst):
                happened += 1
                ctx.set(crossing.event, 1)
                await ctx.tick("a")
                ctx.set(crossing.event, 0)
                await ctx.tick("a").repeat(rng.choice((0, 0, 1, 4)) or 1)
            await ctx.tick("a").repeat(2 * quiet)
            told = len(seen) - before
            # the first one is told at once, what comes behind it once more at least
            assert min(burst, 2) <= told <= burst
            assert seen[-1] == happened, "the last event is told after it has happened"
            await ctx.tick("a").repeat(quiet)
            assert len(seen) == before + told, "nothing follows"

    simulator = Simulator(m)
    simulator.add_clock(1e-6, domain="a")
    simulator.add_clock(period * 1e-6, phase=0.3 * period * 1e-6, domain="b")
    simulator.add_testbench(watch, background=True)
    simulator.add_testbench(testbench)
    simulator.run()
    assert len(seen) > 50
