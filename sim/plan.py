"""What is sent to the design: a list of segments, each of which begins with a reset.

The cocotb tests follow the plan and the comparison reads the trace by it, so that neither has to
tell the other anything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from design import Design, Vectors

BACK_TO_BACK = 4
"""Frames of the interval measurement; the last two are in steady state."""


@dataclass(frozen=True)
class Segment:
    """What happens from one reset to the next.

    Parameters
    ----------
    test
        The cocotb test that it belongs to: "latency", "interval", "stalls" or "reset".
    frames
        Numbers of the vectors that are sent, one right behind the other.
    reset_after
        If not None, the segment is cut off by the next reset after so many clock cycles.
    """

    test: str
    frames: tuple[int, ...]
    reset_after: int | None = None


def make_plan(design: Design, frames: tuple[int, ...], seed: int) -> tuple[Segment, ...]:
    """The segments of a run with the vectors `frames`.

    "latency" sends one frame to the idle design, "interval" some without a pause, "stalls" all
    while source and sink pause at random, and "reset" breaks a frame off, once while it is sent and
    once later, to see that the next frame is not affected.
    """
    rng = random.Random(f"plan {seed}")
    beats = design.input.beats
    early = rng.randint(1, beats)
    late = rng.randint(beats + 1, max(beats + 1, design.latency_cycles))
    broken_off, clean = frames[-1], frames[0]
    return (
        Segment("latency", (frames[0],)),
        Segment("interval", tuple(frames[i % len(frames)] for i in range(BACK_TO_BACK))),
        Segment("stalls", frames),
        Segment("reset", (broken_off,), reset_after=early),
        Segment("reset", (clean,)),
        Segment("reset", (broken_off,), reset_after=late),
        Segment("reset", (clean,)),
    )


def choose_frames(vectors: Vectors, count: int | None) -> tuple[int, ...]:
    """Numbers of `count` vectors (None: all), taken from each kind in turn.

    There may be fewer vectors than `count`.
    """
    numbers_of_kind: dict[str, list[int]] = {}
    for number, kind in enumerate(vectors.kinds):
        numbers_of_kind.setdefault(kind, []).append(number)
    rank = {
        number: (position, order)
        for order, numbers in enumerate(numbers_of_kind.values())
        for position, number in enumerate(numbers)
    }
    return tuple(sorted(rank, key=rank.__getitem__)[:count])
