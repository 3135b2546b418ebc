"""Parts of a board's top module."""

from __future__ import annotations

import gc

import pytest
from amaranth.sim import Simulator

from nnhw.boards import find_board, plan_timing
from nnhw.boards.activity_light import ActivityLight
from nnhw.boards.startup_reset import StartupReset
from nnhw.errors import OptionError


def test_reset_ends_some_time_after_the_lock():
    reset = StartupReset(cycles=16)
    record = []

    async def testbench(ctx):
        for cycle in range(120):
            ctx.set(reset.locked, 10 <= cycle < 60 or cycle >= 70)
            for level in (0, 1):
                ctx.set(reset.clock, level)
                await ctx.delay(1e-6)
            record.append(ctx.get(reset.reset))

    simulator = Simulator(reset)
    simulator.add_testbench(testbench)
    simulator.run()
    first, second = record.index(0, 1), record.index(0, 75)
    assert record[1:first] == [1] * (first - 1)
    assert 10 + 16 <= first <= 10 + 20
    assert record[first:60] == [0] * (60 - first)
    assert record[63:second] == [1] * (second - 63)
    assert 70 + 16 <= second <= 70 + 20


def test_light_stays_on():
    light = ActivityLight(cycles=5)
    record = []

    async def testbench(ctx):
        for cycle in range(20):
            ctx.set(light.active, cycle in (3, 4))
            _, _, on = await ctx.tick().sample(light.light)
            record.append(on)

    simulator = Simulator(light)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert record == [0] * 4 + [1] * 6 + [0] * 10


@pytest.mark.parametrize(
    ("baud", "divisor"), [(115_200, 104), (1_000_000, 12), (3_000_000, 4), (921_600, 13)]
)
def test_divisor(baud, divisor):
    timing = plan_timing(find_board("icebreaker"), baud=baud)
    assert (timing.clock_hz, timing.pll, timing.divisor) == (12e6, None, divisor)
    assert timing.baud == pytest.approx(baud, rel=0.02)


@pytest.mark.parametrize("baud", [5_000_000, 3_500_000, 13_000_000])
def test_baud_rates_that_the_clock_cannot_time(baud):
    with pytest.raises(OptionError, match=f"12 MHz cannot time {baud} baud"):
        plan_timing(find_board("icebreaker"), baud=baud)


def test_clock_of_a_pll():
    timing = plan_timing(find_board("icebreaker"), clock_hz=20_000_000)
    assert timing.pll is not None
    assert timing.clock_hz == timing.pll.output_hz == pytest.approx(20e6, rel=0.02)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_checks_parameters():
    with pytest.raises(ValueError, match="power of two, not 12"):
        StartupReset(cycles=12)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        ActivityLight(cycles=0)
    gc.collect()
