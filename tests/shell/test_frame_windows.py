"""Frames through windows: what software writes and reads at random, and what aborts leave."""

from __future__ import annotations

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from nnhw.registers import WINDOW_WORDS
from nnhw.shell.frame_windows import FrameWindows

CYCLES = 3000


@pytest.mark.parametrize("pace", [0.2, 0.6, 1.0])
def test_what_software_is_told(pace):
    """Words come out in order, wherever there is room or a word; what is misused is reported."""
    rng = random.Random(f"windows {pace}")
    windows = FrameWindows()
    sent: deque[tuple[int, bool]] = deque()
    given: deque[tuple[int, bool]] = deque()
    seen = dict.fromkeys(("full", "empty", "written", "read", "closed"), 0)

    async def testbench(ctx):
        offer, is_open, clears = None, False, 0
        for cycle in range(CYCLES):
            write = rng.random() < (0.7 if cycle // 200 % 2 else 0.2)
            read = rng.random() < (0.2 if cycle // 200 % 2 else 0.7)
            word, last = rng.getrandbits(32), int(rng.random() < 0.2)
            clears = clears - 1 if clears else rng.randrange(1, 6) * (rng.random() < 0.01)
            # an engine keeps what it offers, unless it is given up
            if offer is None and rng.random() < pace:
                offer = (rng.getrandbits(32), int(rng.random() < 0.2))
            data, ends = offer or (0, 0)
            for name, value in (
                ("clear", int(clears > 0)),
                ("write", write),
                ("word", word),
                ("last", last),
                ("read", read),
            ):
                ctx.set(getattr(windows, name), value)
            ctx.set(windows.frames_out.payload, {"data": data, "last": ends})
            ctx.set(windows.frames_out.valid, offer is not None)
            ctx.set(windows.frames_in.ready, rng.random() < pace)
            room, words = ctx.get(windows.room), ctx.get(windows.words)
            next_word, next_last = ctx.get(windows.next_word), ctx.get(windows.next_last)
            _, _, *got = await ctx.tick().sample(
                windows.overflow,
                windows.underflow,
                windows.frames_out.ready,
                windows.frames_in.valid & windows.frames_in.ready,
                windows.frames_in.payload,
            )
            overflow, underflow, takes, leaves, beat = got
            assert overflow == (write and room == 0), cycle
            seen["full"] += overflow
            if words and not clears:
                assert not (read and underflow), cycle
            if leaves:
                if sent and not clears and (beat.data, beat.last) == sent[0]:
                    sent.popleft()
                    is_open = not beat.last
                else:
                    assert (beat.data, beat.last, is_open) == (0, 1, True), cycle
                    is_open = False
                    seen["closed"] += 1
            if clears:
                sent.clear()
                given.clear()
                assert takes, "what comes is discarded"
                offer = None
                assert underflow == read
                continue
            if write and not overflow:
                sent.append((word, last))
                seen["written"] += 1
            if read:
                seen["empty"] += underflow
                if underflow:
                    assert (next_word, next_last) == (0, 0)
                else:
                    assert (next_word, next_last) == given.popleft(), cycle
                    seen["read"] += 1
            if takes and offer is not None:
                given.append(offer)
                offer = None
            assert room <= WINDOW_WORDS
            assert words <= len(given) + 1

    simulator = Simulator(windows)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert min(seen.values()) > 5, seen


def test_a_window_is_full_when_nobody_takes():
    """All of it can be written without a question; all that is there is counted."""
    windows = FrameWindows()

    async def testbench(ctx):
        for name in ("write", "frames_out"):
            side = getattr(windows, name)
            ctx.set(side if name == "write" else side.valid, 1)
        await ctx.tick().repeat(WINDOW_WORDS)
        ctx.set(windows.write, 0)
        await ctx.tick().repeat(10)
        # one word has gone to the stream that nobody takes, and makes room for another one
        assert ctx.get(windows.room) == 1
        assert ctx.get(windows.words) == WINDOW_WORDS + 1
        assert not ctx.get(windows.frames_out.ready)
        ctx.set(windows.read, 1)
        for _ in range(WINDOW_WORDS + 1):
            assert not ctx.get(windows.underflow)
            await ctx.tick()

    simulator = Simulator(windows)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
