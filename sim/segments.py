"""What is sent to the design: a list of segments, each of which begins with a reset.

The cocotb tests follow them and the comparison reads the trace by them, so that neither has to
tell the other anything.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from design import Design, Vectors

BACK_TO_BACK = 4
"""Frames of the interval measurement; the last two are in steady state."""
STALLED = 4
"""Fewest frames back to back with pauses, where there are so many."""


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


def make_segments(design: Design, frames: tuple[int, ...], seed: int) -> tuple[Segment, ...]:
    """The segments of a run with the vectors `frames`.

    "latency" sends one frame to the idle design, "interval" some without a pause, "stalls" all,
    `STALLED` or more a segment, while source and sink pause at random, and "reset" breaks a frame
    off, once while it is sent and once later, to see that the next frame is not affected.
    """
    rng = random.Random(f"segments {seed}")
    beats = design.input.beats
    early = rng.randint(1, beats)
    late = rng.randint(beats + 1, max(beats + 1, design.latency_cycles))
    broken_off, clean = frames[-1], frames[0]
    pieces = max(1, len(frames) // STALLED)
    cuts = [len(frames) * piece // pieces for piece in range(pieces + 1)]
    return (
        Segment("latency", (frames[0],)),
        Segment("interval", tuple(frames[i % len(frames)] for i in range(BACK_TO_BACK))),
        *(Segment("stalls", frames[a:b]) for a, b in pairwise(cuts)),
        Segment("reset", (broken_off,), reset_after=early),
        Segment("reset", (clean,)),
        Segment("reset", (broken_off,), reset_after=late),
        Segment("reset", (clean,)),
    )


def frame_count(segments: tuple[Segment, ...]) -> int:
    """Frames that are received in a whole run."""
    return sum(len(segment.frames) for segment in segments if segment.reset_after is None)


def share_out(segments: tuple[Segment, ...], processes: int) -> list[tuple[int, ...]]:
    """Numbers of the segments that each of at most `processes` processes runs, about as long each.

    A segment that a reset breaks off stays together with the next: that one shows what the reset
    has left. In one process they keep their order.
    """
    groups: list[list[int]] = []
    for number in range(len(segments)):
        if number and segments[number - 1].reset_after is not None:
            groups[-1].append(number)
        else:
            groups.append([number])
    shares: list[list[int]] = [[] for _ in range(min(processes, len(groups)))]
    work = [0] * len(shares)
    for group in sorted(groups, key=lambda group: -_work(segments, group)):
        least = work.index(min(work))
        shares[least] += group
        work[least] += _work(segments, group)
    return sorted(tuple(sorted(share)) for share in shares)


def _work(segments: tuple[Segment, ...], numbers: Iterable[int]) -> int:
    """About how long segments take: a frame with pauses takes longer than one without."""
    taken = [segments[number] for number in numbers]
    return sum(len(s.frames) * (3 if s.test == "stalls" else 2) for s in taken)


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
