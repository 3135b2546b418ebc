"""The tables of loops and coordinates against nested loops that know nothing of them."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from program_walk import Fetch, walk_fetch

from nnhw.isa import (
    COORDINATES,
    LOOPS,
    ROW,
    WEIGHT,
    FetchInstruction,
    X,
    Y,
    advances,
    bytes_read,
    coordinate_bits,
    granularity,
    loop_fields,
    walk,
)

SPACE = 1 << 40
"""So many addresses that none wraps."""
_ZERO = {field.name: 0 for field in fields(FetchInstruction)}


def nests(seed: int) -> FetchInstruction:
    """A random nest, in which a last run may be short and strips may overlap."""
    rng = np.random.default_rng(seed)
    values = {field.name: int(rng.integers(0, 9)) for field in fields(FetchInstruction)}
    values |= {loop: int(rng.integers(0, 4)) for loop in LOOPS}
    values |= {"x_start": int(rng.integers(-9, 5)), "y_start": int(rng.integers(-3, 2))}
    values |= {"row_length": int(rng.integers(1, 30)), "height": int(rng.integers(1, 6))}
    values["last_run_short"] = int(values["taps_x"] > 0 < values["chunks"] and seed % 2)
    strips = sum(values[loop] for loop in ("out_rows", "out_cols", "tiles"))
    values["warmup"] = min(values["warmup"], values["rolls"])
    values["overlaps"] = int(strips > 0 < values["warmup"] and seed % 3 > 0)
    return FetchInstruction(**values)


SEEDS = range(40)


def test_tables_name_fields_of_the_instruction_each_once():
    named = [*LOOPS, *(c.start for c in COORDINATES)]
    named += [field for c in COORDINATES for field in c.steps.values()]
    assert len(set(named)) == len(named)
    assert set(named) <= {field.name for field in fields(FetchInstruction)}
    assert all(c.steps.keys() <= set(LOOPS) for c in COORDINATES)


def test_tables_have_every_coordinate():
    """The walk beside them has a number for each, all else of a fetch is a flag."""
    numbers = {field.name for field in fields(Fetch) if field.type == "int"}
    assert {coordinate.name for coordinate in COORDINATES} == numbers


@pytest.mark.parametrize("seed", SEEDS)
def test_walk(seed):
    i = nests(seed)
    fetches = list(walk_fetch(i, space=SPACE))
    for count in (len(fetches) + 5, len(fetches) // 2):
        at = walk(i, count)
        for coordinate in COORDINATES:
            wanted = [getattr(fetch, coordinate.name) for fetch in fetches[:count]]
            assert at[coordinate].tolist() == wanted, coordinate.name


@pytest.mark.parametrize("seed", SEEDS)
def test_bytes_read(seed):
    i, width, space = nests(seed), 5, 64
    fetches = list(walk_fetch(i, space=space))
    begin, end = bytes_read(i, len(fetches), width=width, space=space)
    for number, fetch in enumerate(fetches):
        x = np.arange(fetch.x, fetch.x + width)
        inside = (x >= 0) & (x < i.row_length) & (0 <= fetch.y < i.height)
        wanted = (fetch.row + x[inside]) % space
        actual = np.arange(begin[number], end[number]) % space
        assert actual.tolist() == wanted.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_granularity(seed):
    scale = 1 << seed % 3
    i = nests(seed)
    starts = {c.start: getattr(i, c.start) * scale for c in (ROW, X)}
    steps = {f: getattr(i, f) * scale for c in (ROW, X) for f in c.steps.values()}
    # steps of loops that make no second trip do not count
    steps |= {c.steps[loop]: 1 for c in (ROW, X) for loop in c.steps if not getattr(i, loop)}
    i = replace(i, **starts, **steps)
    fetches = list(walk_fetch(i, space=SPACE))
    wanted = math.gcd(16, *(f.row for f in fetches), *(f.x for f in fetches))
    assert granularity([i], (ROW, X), 16) == wanted


@pytest.mark.parametrize(("step", "wanted"), [(0, 16), (48, 16), (24, 8), (7, 1)])
def test_granularity_is_a_power_of_two(step, wanted):
    i = FetchInstruction(**_ZERO | {"source": step, "chunks": 1, "chunk_x": 2 * step})
    assert granularity([i], (ROW, X), 16) == wanted


@pytest.mark.parametrize("coordinate", [X, Y], ids=lambda coordinate: coordinate.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_coordinates_have_the_bits_of_their_values(seed, coordinate):
    i = nests(seed)
    # one innermost step beyond: as if every run had a fetch more
    back = {"tap_x_x": i.tap_x_x - i.chunk_x}
    longer = replace(i, chunks=i.chunks + 1, last_run_short=0, **back)
    values = [getattr(fetch, coordinate.name) for fetch in walk_fetch(longer, space=SPACE)]
    bits = coordinate_bits([i], coordinate)
    assert all(-(1 << (bits - 1)) <= value < 1 << (bits - 1) for value in values)
    if bits > 1:
        assert not all(-(1 << (bits - 2)) <= value < 1 << (bits - 2) for value in values)


@pytest.mark.parametrize("seed", SEEDS)
def test_loop_fields(seed):
    """What runs once moves nothing; all else comes back as it was."""
    i = nests(seed)
    trips = {loop: getattr(i, loop) + 1 for loop in LOOPS}
    moved = {coordinate: advances(i, coordinate) for coordinate in COORDINATES}
    found = loop_fields(trips, moved, last_run_short=bool(i.last_run_short))
    for coordinate in COORDINATES:
        for loop, field in coordinate.steps.items():
            assert found.pop(field) == (getattr(i, field) if trips[loop] > 1 else 0)
    assert found == {loop: getattr(i, loop) for loop in LOOPS}


def test_what_is_not_given_does_not_move():
    found = loop_fields(dict.fromkeys(LOOPS, 2), {coordinate: {} for coordinate in COORDINATES})
    assert all(found[field] == 0 for c in COORDINATES for field in c.steps.values())


def test_loop_fields_wrong():
    steps = {coordinate: {} for coordinate in COORDINATES}
    steps[Y] = {"chunks": 1}
    with pytest.raises(ValueError, match=r"^y must not be moved by \['chunks'\]$"):
        loop_fields(dict.fromkeys(LOOPS, 1), steps)
    assert "chunks" in WEIGHT.steps


def test_a_step_goes_on_from_where_the_loops_inside_ended():
    moved: dict = {coordinate: {} for coordinate in COORDINATES}
    moved[WEIGHT] = {"taps_y": 7, "taps_x": 3, "chunks": 1}
    trips = dict.fromkeys(LOOPS, 1) | {"taps_y": 2, "taps_x": 2, "chunks": 3}
    whole = loop_fields(trips, moved)
    short = loop_fields(trips, moved, last_run_short=True)
    names = ("tap_y_weight", "tap_x_weight", "chunk_weight")
    assert [whole[name] for name in names] == [7 - 5, 1, 1]
    assert [short[name] for name in names] == [7 - 4, 1, 1]


def test_groups():
    assert X.groups == (("chunks", "taps_x"), ("tiles", "out_cols"))
    assert ROW.groups == (("taps_x", "taps_y", "rolls"), ("out_rows",))
    assert Y.groups == (("taps_y", "rolls"), ("out_rows",))
    assert WEIGHT.groups == (("chunks", "taps_x", "taps_y"), ("tiles",))
