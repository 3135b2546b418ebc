"""The loop nest of a fetch, said once: which loops there are, and what each of them moves.

The hardware's counters, the lowering, the proof that nothing is read too early, the report and the
costs read these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import gcd, prod

import numpy as np

from .instructions import FetchInstruction
from .layout import bits_for

LOOPS = ("out_rows", "out_cols", "tiles", "rolls", "taps_y", "taps_x", "chunks")
"""The loops, outermost first, by the field that holds their trips less one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coordinate:
    """A value that runs through a loop nest.

    Neighbouring loops that move it are a group. A step of one of them goes on from where the loops
    of its group inside it ended, with nothing to go back to. Loops between groups take it back to
    where the group outside of them is.

    Parameters
    ----------
    name
        What it is called.
    start
        Field that holds its value at the first fetch.
    steps
        By loop: the field that holds what a step of the loop adds, from the last fetch of one trip
        to the first one of the next. Other loops do not move it.
    """

    name: str
    start: str
    steps: Mapping[str, str]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Neighbouring loops that move it, innermost first."""
        moving = groupby(reversed(LOOPS), lambda loop: loop in self.steps)
        return tuple(tuple(loops) for moves, loops in moving if moves)

    def inside(self, loop: str) -> tuple[str, ...]:
        """The loops of its group inside one that moves it, innermost first."""
        group = next(group for group in self.groups if loop in group)
        return group[: group.index(loop)]


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


def _way(
    coordinate: Coordinate,
    loop: str,
    more: Mapping[str, int],
    advances: Mapping[str, int],
    last_run_short: int,
) -> int:
    """How far the loops of a loop's group inside it lead, from their first fetch to the last.

    `more`: trips of loops less one; `advances`: what a trip adds to the one before.
    """
    inside = coordinate.inside(loop)
    way = sum(more[inner] * advances[inner] for inner in inside)
    if "taps_x" in inside and "chunks" in inside:
        way -= last_run_short * advances["chunks"]
    return way


def loop_fields(
    trips: Mapping[str, int],
    advances: Mapping[Coordinate, Mapping[str, int]],
    *,
    last_run_short: bool = False,
) -> dict[str, int]:
    """The fields of a `FetchInstruction` that say how often loops run and what they move.

    Steps of loops that make one trip only are zero, so that they cost no hardware.

    Parameters
    ----------
    trips
        Of every loop, at least 1.
    advances
        Of every coordinate, by loop: how far the first fetch of a trip is from that of the trip
        before; 0 where none is given.
    last_run_short
        As in the instruction.

    Raises
    ------
    ValueError
        If a loop moves a coordinate that it has no field for.
    """
    more = {loop: trips[loop] - 1 for loop in LOOPS}
    fields = dict(more)
    for coordinate in COORDINATES:
        moves = advances[coordinate]
        unmoved = moves.keys() - coordinate.steps
        if unmoved:
            raise ValueError(f"{coordinate.name} must not be moved by {sorted(unmoved)}")
        moves = dict.fromkeys(coordinate.steps, 0) | dict(moves)
        for loop, field in coordinate.steps.items():
            step = moves[loop] - _way(coordinate, loop, more, moves, last_run_short)
            fields[field] = step if more[loop] else 0
    return fields


def advances(i: FetchInstruction, coordinate: Coordinate) -> dict[str, int]:
    """By loop: how far the first fetch of a trip is from that of the trip before."""
    more = {loop: getattr(i, loop) for loop in LOOPS}
    found: dict[str, int] = {}
    for group in coordinate.groups:
        for loop in group:
            step = getattr(i, coordinate.steps[loop])
            found[loop] = step + _way(coordinate, loop, more, found, i.last_run_short)
    return found


def extent(start: int, trips: Mapping[str, int], steps: Mapping[str, int]) -> tuple[int, int]:
    """Least and largest value of a coordinate.

    Parameters
    ----------
    start
        Its first value.
    trips
        Of loops.
    steps
        By loop: what a trip adds.
    """
    ways = [(trips[loop] - 1) * step for loop, step in steps.items()]
    return start + sum(min(0, way) for way in ways), start + sum(max(0, way) for way in ways)


def coordinate_bits(program: Iterable[FetchInstruction], coordinate: Coordinate) -> int:
    """Bits of every value that a signed coordinate takes, the roll after overlapping strips and one
    innermost step beyond included."""
    limits: list[int] = []
    for i in program:
        trips = {loop: getattr(i, loop) + 1 for loop in coordinate.steps}
        beyond = {"chunks": 1, "rolls": i.overlaps}
        trips |= {loop: trips[loop] + more for loop, more in beyond.items() if loop in trips}
        limits += extent(getattr(i, coordinate.start), trips, advances(i, coordinate))
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
            steps = advances(i, coordinate)
            values += [step for loop, step in steps.items() if getattr(i, loop)]
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
        + sum(trip[loop] * advance for loop, advance in advances(i, coordinate).items())
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
