"""The loop nest of a fetch, said once: which loops there are, and what each of them moves.

The hardware's counters, the lowering, the proof that nothing is read too early, the report and the
costs read these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from .instructions import FetchInstruction
from .layout import bits_for

LOOPS = ("out_rows", "out_cols", "tiles", "rolls", "taps_y", "taps_x", "chunks")
"""The loops, outermost first, by the field that holds their trips less one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coordinate:
    """A value that runs through a loop nest.

    Parameters
    ----------
    name
        What it is called.
    start
        Field that holds its value at the first fetch.
    steps
        By loop: the field that holds what a trip of it adds. Other loops do not move it.
    """

    name: str
    start: str
    steps: Mapping[str, str]


X = Coordinate(
    name="x",
    start="x_start",
    steps={"out_cols": "out_col_x", "tiles": "tile_x", "taps_x": "tap_x_x", "chunks": "chunk_x"},
)
"""Byte within an image row."""

ROW = Coordinate(
    name="row",
    start="source",
    steps={
        "out_rows": "out_row_pitch",
        "rolls": "roll_pitch",
        "taps_y": "tap_y_pitch",
        "taps_x": "tap_x_pitch",
    },
)
"""Address of an image row. A fetch reads from row + x on."""

Y = Coordinate(
    name="y",
    start="y_start",
    steps={"out_rows": "out_row_y", "rolls": "roll_y", "taps_y": "tap_y_y"},
)
"""Number of an image row."""

WEIGHT = Coordinate(
    name="weight_address",
    start="weight_base",
    steps={
        "tiles": "tile_weight",
        "taps_y": "tap_y_weight",
        "taps_x": "tap_x_weight",
        "chunks": "chunk_weight",
    },
)
"""Word of the weight memory."""

COORDINATES = (X, ROW, Y, WEIGHT)


def loop_fields(
    trips: Mapping[str, int], steps: Mapping[Coordinate, Mapping[str, int]]
) -> dict[str, int]:
    """The fields of a `FetchInstruction` that say how often loops run and what they move.

    Steps of loops that make one trip only are zero, so that they cost no hardware.

    Parameters
    ----------
    trips
        Of every loop, at least 1.
    steps
        Of every coordinate, by loop; 0 where none is given.
    """
    fields = {loop: trips[loop] - 1 for loop in LOOPS}
    for coordinate in COORDINATES:
        moves = steps[coordinate]
        unmoved = moves.keys() - coordinate.steps
        if unmoved:
            raise ValueError(f"{coordinate.name} must not be moved by {sorted(unmoved)}")
        for loop, field in coordinate.steps.items():
            fields[field] = moves.get(loop, 0) if trips[loop] > 1 else 0
    return fields


def steps_taken(i: FetchInstruction, coordinate: Coordinate) -> Iterator[tuple[str, int]]:
    """Loops that make more than one trip, and what each trip adds to a coordinate."""
    for loop, field in coordinate.steps.items():
        if getattr(i, loop):
            yield loop, getattr(i, field)


def extent(start: int, trips: Mapping[str, int], steps: Mapping[str, int]) -> tuple[int, int]:
    """Least and largest value of a coordinate, whose steps are never negative.

    Parameters
    ----------
    start
        Its first value.
    trips
        Of loops.
    steps
        By loop: what a trip adds.
    """
    return start, start + sum((trips[loop] - 1) * step for loop, step in steps.items())


def coordinate_bits(program: Iterable[FetchInstruction], coordinate: Coordinate) -> int:
    """Bits of every value that a signed coordinate takes, the roll after overlapping strips and one
    innermost step beyond included."""
    limits: list[int] = []
    for i in program:
        trips = {loop: getattr(i, loop) + 1 for loop in coordinate.steps}
        beyond = {"chunks": 1, "rolls": i.overlaps}
        trips |= {loop: trips[loop] + more for loop, more in beyond.items() if loop in trips}
        steps = {loop: getattr(i, field) for loop, field in coordinate.steps.items()}
        limits += extent(getattr(i, coordinate.start), trips, steps)
    return max(bits_for(limit, signed=True) for limit in limits)


def granularity(
    program: Iterable[FetchInstruction], coordinates: Iterable[Coordinate], most: int
) -> int:
    """Largest power of two up to `most`, itself one, that divides all values of coordinates."""
    moved = list(coordinates)
    values = [most]
    for i in program:
        for coordinate in moved:
            values.append(getattr(i, coordinate.start))
            values += [step for _, step in steps_taken(i, coordinate)]
    return gcd(*values)


def walk(i: FetchInstruction, count: int) -> dict[Coordinate, np.ndarray]:
    """What each coordinate is at the first `count` fetches, or at all if there are fewer.

    Returns
    -------
    dict
        int64 (fetches,) each. Addresses are not reduced to the address space.
    """
    per_row = i.fetches_per_roll // (i.taps_y + 1)
    trips = [*(getattr(i, loop) + 1 for loop in LOOPS[:5]), per_row]
    number = np.arange(min(count, i.fetches))
    # of overlapping strips, the last one has a roll more
    beyond = number >= prod(trips)
    inside = np.where(beyond, number - i.fetches_per_roll, number)
    *outer, tap = np.unravel_index(inside, trips)
    trip = dict(zip(LOOPS, (*outer, *np.divmod(tap, i.chunks + 1)), strict=True))
    trip["rolls"] = trip["rolls"] + beyond
    return {
        coordinate: getattr(i, coordinate.start)
        + sum(trip[loop] * getattr(i, field) for loop, field in coordinate.steps.items())
        for coordinate in COORDINATES
    }


def bytes_read(
    i: FetchInstruction, count: int, *, width: int, space: int
) -> tuple[np.ndarray, np.ndarray]:
    """First byte, and the one after the last, of each of the first `count` fetches.

    Parameters
    ----------
    width
        Bytes of a fetch. Those that lie in padding do not count.
    space
        Number of addresses.
    """
    at = walk(i, count)
    inside = (at[Y] >= 0) & (at[Y] < i.height)
    begin = np.clip(at[X], 0, i.row_length)
    end = np.clip(at[X] + width, 0, i.row_length)
    first = (at[ROW] + begin) % space
    return first, np.where(inside, first + end - begin, first)
