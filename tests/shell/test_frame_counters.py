"""Counters of frames against what happened to the frames, one after the other."""

from __future__ import annotations

from amaranth.sim import Simulator

from nnhw.shell.frame_counters import FrameCounters

COUNTS = (
    "busy",
    "frames_accepted",
    "frames_dropped",
    "frames_delivered",
    "frame_cycles",
    "input_stalls",
    "output_stalls",
)


def count(cycles: list[str]) -> dict[str, int]:
    """The counters after some cycles, each a list of the inputs that are high."""
    dut = FrameCounters()
    found = {}

    async def testbench(ctx):
        inputs = [n for n in dut.signature.members if n not in COUNTS]
        for cycle in cycles:
            high = cycle.split()
            assert set(high) <= set(inputs)
            for name in inputs:
                ctx.set(getattr(dut, name), name in high)
            await ctx.tick()
        for name in inputs:
            ctx.set(getattr(dut, name), 0)
        found.update({name: ctx.get(getattr(dut, name)) for name in COUNTS})

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


def expect(cycles: list[str], **counts: int) -> None:
    """All counters that are not named are zero."""
    assert count(cycles) == dict.fromkeys(COUNTS, 0) | counts


FRAME = ["", "begun", "begun", "begun", "accepted", "", ""]
"""The first beat is taken in the first cycle, the last one in the fourth."""


def test_a_frame():
    """The frame's last beat leaves nine cycles after its first one has come."""
    expect(
        [*FRAME, "", "", "delivered"],
        frames_accepted=1,
        frames_delivered=1,
        frame_cycles=9,
    )


def test_a_frame_of_one_beat():
    expect(["", "accepted", "", "delivered"], frames_accepted=1, frames_delivered=1, frame_cycles=3)


def test_frames_without_a_pause():
    """The second one is the oldest from the cycle on in which the first one has left."""
    first = [*FRAME[:-2], "begun", "begun delivered", "begun", "accepted"]
    expect([*first, "", "delivered"], frames_accepted=2, frames_delivered=2, frame_cycles=4)


def test_a_frame_behind_a_pause():
    first = [*FRAME, "delivered", "", "", ""]
    expect([*first, *FRAME, "delivered"], frames_accepted=2, frames_delivered=2, frame_cycles=7)


def test_accepted_while_another_one_leaves():
    expect(
        [*FRAME, "accepted delivered"],
        busy=1,
        frames_accepted=2,
        frames_delivered=1,
        frame_cycles=7,
    )


def test_damaged_frames():
    """The rest of one without a mark may be cut off: it is one frame."""
    short = ["", "begun", "damaged"]
    long = ["", "begun", "begun damaged", "begun", "begun", ""]
    expect(short + long, frames_dropped=2)
    expect([*long[:-1], "begun cut_off", "aborted"], frames_dropped=1)
    expect(
        [*short, *FRAME, "delivered"],
        frames_accepted=1,
        frames_delivered=1,
        frames_dropped=1,
        frame_cycles=7,
    )


def test_abort():
    """Of two frames that were taken and one in the middle, nothing is left."""
    taken = [*FRAME, *FRAME]
    expect([*taken, "begun", "begun cut_off", "", "aborted"], frames_accepted=2, frames_dropped=3)
    expect(
        [*taken, "", "aborted", "", *FRAME, "delivered"],
        frames_accepted=3,
        frames_delivered=1,
        frames_dropped=2,
        frame_cycles=7,
    )


def test_stalls():
    expect(["input_waits", "input_waits output_waits", ""], input_stalls=2, output_stalls=1)
