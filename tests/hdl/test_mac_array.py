"""Columns of multipliers, and the array of columns and lanes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bench import drive, integers
from lane_model import run_lanes

from nnhw.hdl.mac_array import MacArray
from nnhw.hdl.mac_column import MacColumn
from nnhw.isa import Operation
from nnhw.machine import SLICE_BITS, TAG_LEAD

DOT, LANE_SUM, LANE_MAX, LANE_PAIR = Operation
ALL = frozenset(Operation)
ANNOUNCEMENT = 3


@pytest.mark.parametrize("tree_levels_per_stage", [1, 2, 3])
@pytest.mark.parametrize("multiplier_stages", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 5, 8])
@pytest.mark.parametrize("weight_width", [4, 9])
def test_mac_column(weight_width, rows, multiplier_stages, tree_levels_per_stage):
    rng = np.random.default_rng(rows)
    column = MacColumn(
        rows=rows,
        activation_width=8,
        weight_width=weight_width,
        accumulator_width=14 + weight_width,
        multiplier_stages=multiplier_stages,
        tree_levels_per_stage=tree_levels_per_stage,
    )
    levels = math.ceil(math.log2(rows))
    assert column.latency == multiplier_stages + math.ceil(levels / tree_levels_per_stage) + 1
    cycles = 80
    activations = integers(rng, 8, (cycles, rows))
    weights = integers(rng, weight_width, (cycles, rows))
    activations[0], weights[0] = -128, -(1 << (weight_width - 1))
    enable, first = rng.integers(0, 4, cycles) > 0, rng.integers(0, 6, cycles) == 0
    first[0] = enable[0] = True
    lead = column.latency - 1
    outputs = drive(
        column,
        {
            "activations": activations,
            "weights": weights,
            "enable": np.concatenate([np.zeros(lead, int), enable])[:cycles],
            "first": np.concatenate([np.zeros(lead, int), first])[:cycles],
        },
        ["products", "accumulator"],
    )
    products = activations * weights
    late = outputs["products"][multiplier_stages:]
    assert (late == products[: cycles - multiplier_stages]).all()
    total = 0
    for t in range(cycles - column.latency):
        if enable[t]:
            total = (0 if first[t] else total) + products[t].sum()
        assert outputs["accumulator"][t + column.latency] == total


@pytest.mark.parametrize("tree_levels_per_stage", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 5, 8])
def test_mac_column_gives_back_what_was_borrowed(rows, tree_levels_per_stage):
    rng = np.random.default_rng(rows)
    column = MacColumn(
        rows=rows,
        activation_width=8,
        weight_width=4,
        accumulator_width=18,
        multiplier_stages=3,
        tree_levels_per_stage=tree_levels_per_stage,
        given_products=True,
        borrowed=True,
    )
    cycles = 60
    products = rng.integers(-1016, 1025, (cycles, rows))  # of a byte and a weight
    carries = rng.integers(0, 2, (cycles, rows))
    products[1], carries[1] = 1024, 0
    products[2], carries[2] = -1016, 1
    behind = column.latency - column.multiplier_stages
    flags = np.ones(cycles, int)  # each dot product stands for itself
    outputs = drive(
        column,
        {
            "given": products - carries,
            "carries": carries @ (1 << np.arange(rows)),
            "enable": flags,
            "first": flags,
        },
        ["products", "accumulator"],
    )
    assert (outputs["products"] == products).all()
    # of one row, flags come in the cycle before the first one
    assert (outputs["accumulator"][behind + 1 :] == products.sum(axis=1)[1:-behind]).all()


def array_inputs(
    rng: np.random.Generator, array: MacArray, operations: frozenset[Operation], tiles: int
) -> dict[str, np.ndarray]:
    """Random tiles of random length with gaps; enough of them between dot products and lanes."""
    rows = []
    before = DOT
    for _ in range(tiles):
        operation = Operation(int(rng.choice(sorted(operations))))
        overtakes = before == DOT and operation != DOT
        before = operation
        gap = array.latency if overtakes else int(rng.integers(0, 3))
        rows += [(0, 0, 0, int(operation))] * gap
        fetches = 2 if operation == LANE_PAIR else int(rng.integers(1, 4))
        for fetch in range(fetches):
            rows.append((1, fetch == 0, fetch == fetches - 1, int(operation)))
    rows += [(0, 0, 0, 0)] * (array.latency + 1)
    columns = dict(
        zip(("valid", "tags.first", "tags.last", "tags.operation"), np.array(rows).T, strict=True)
    )
    count = len(rows)
    columns["tags.carry"] = np.zeros(count, int)
    columns["weights"] = integers(rng, 4, (count, array.cols, array.rows))
    activations = integers(rng, 8, (count, array.lane_groups, array.rows))
    dot = columns["tags.operation"] == DOT
    activations[dot] = activations[dot, :1]  # all groups hold the same vector
    # of an operation that does not add up, weights are ones
    alike = columns["tags.operation"] >= LANE_MAX
    columns["weights"][alike] = 1
    if array.lane_slices > 1:
        columns["weights"][alike, 1::2] = 0
    columns["activations"] = activations.reshape(count, -1)
    return columns


def drive_array(
    array: MacArray, inputs: dict[str, np.ndarray], names: list[str]
) -> dict[str, np.ndarray]:
    """Outputs by cycle of the weights: activations are given a cycle earlier, tags before them."""
    lead = 1 + TAG_LEAD
    ahead = {"weights": 0, "activations": 1}
    late = {}
    for name, values in inputs.items():
        early = ahead.get(name, lead)
        around = [(lead - early, early), *[(0, 0)] * (values.ndim - 1)]
        late[name] = np.pad(values, around)
    return {name: values[lead:] for name, values in drive(array, late, names).items()}


def expected_tiles(array: MacArray, inputs: dict[str, np.ndarray]) -> dict[int, tuple]:
    """(results in the columns, in the lanes, addends) by the cycle in which they are there."""
    tiles: dict[int, tuple] = {}
    terms: list[tuple[np.ndarray, np.ndarray]] = []
    for t in np.flatnonzero(inputs["valid"]):
        if inputs["tags.first"][t]:
            terms = []
        groups = inputs["activations"][t].reshape(array.lane_groups, array.rows)
        weights = inputs["weights"][t].T
        cols = weights[:, : array.lane_groups * array.slots * array.lane_slices]
        slices = cols.reshape(array.rows, array.lane_groups, array.slots, array.lane_slices)
        last_slots = slices[:, :, -1] @ (1 << SLICE_BITS * np.arange(array.lane_slices))
        terms.append((groups[0] @ weights, (groups * last_slots.T).ravel()))
        if not inputs["tags.last"][t]:
            continue
        operation = inputs["tags.operation"][t]
        if operation == DOT:
            tiles[t + array.latency] = (sum(dot for dot, _ in terms), None, None)
            continue
        lanes = [lane for _, lane in terms]
        addends = lanes[1] if operation == LANE_PAIR else None
        combined = {LANE_SUM: sum(lanes), LANE_MAX: np.max(lanes, axis=0), LANE_PAIR: lanes[0]}
        tiles[t + array.lane_latency] = (None, combined[operation], addends)
    return tiles


@pytest.mark.parametrize(
    "operations",
    [frozenset({DOT}), frozenset({LANE_SUM}), frozenset({DOT, LANE_MAX}), ALL],
    ids=lambda operations: "-".join(operation.name for operation in sorted(operations)),
)
@pytest.mark.parametrize(
    ("rows", "cols", "lane_groups", "slots", "lane_slices"),
    [
        *((1, 1, 1, 1, 1), (4, 1, 1, 1, 1), (1, 4, 2, 2, 1), (3, 5, 2, 1, 1), (5, 3, 1, 3, 1)),
        *((8, 4, 4, 1, 1), (3, 2, 1, 1, 2), (2, 9, 2, 2, 2)),
    ],
)
def test_mac_array(rows, cols, lane_groups, slots, lane_slices, operations):
    rng = np.random.default_rng([rows, cols, *operations])
    array = MacArray(
        rows=rows,
        cols=cols,
        lane_groups=lane_groups,
        slots=slots,
        lane_slices=lane_slices,
        activation_width=8,
        weight_width=4,
        accumulator_width=22,
        multiplier_stages=1,
        tree_levels_per_stage=2,
        operations=operations,
        announcement=ANNOUNCEMENT,
    )
    assert array.latency == 2 + math.ceil(math.ceil(math.log2(rows)) / 2)
    assert array.lane_latency == 2
    inputs = array_inputs(rng, array, operations, tiles=25)
    tiles = expected_tiles(array, inputs)
    names = [
        "tile.announced",
        "tile.arrives_next",
        "tile.in_lanes_next",
        "tile.columns",
        "tile.lanes",
        "tile.addends",
    ]
    outputs = drive_array(array, inputs, names)
    assert (np.flatnonzero(outputs["tile.arrives_next"]) + 1).tolist() == sorted(tiles)
    announced = np.flatnonzero(outputs["tile.announced"]) + ANNOUNCEMENT
    # those of the first cycles are announced before the first weights
    assert announced.tolist() == [cycle for cycle in sorted(tiles) if cycle >= ANNOUNCEMENT]
    for cycle, (columns, lanes, addends) in tiles.items():
        assert outputs["tile.in_lanes_next"][cycle - 1] == (columns is None)
        if columns is not None:
            assert (outputs["tile.columns"][cycle] == columns).all()
        else:
            assert (outputs["tile.lanes"][cycle] == lanes).all()
        if addends is not None:
            assert (outputs["tile.addends"][cycle] == addends).all()


def test_mac_array_carries_sums_from_roll_to_roll():
    array = MacArray(
        rows=2,
        cols=4,
        lane_groups=2,
        slots=2,
        activation_width=4,
        weight_width=4,
        accumulator_width=12,
        multiplier_stages=2,
        tree_levels_per_stage=1,
        operations=frozenset({LANE_SUM}),
        announcement=ANNOUNCEMENT,
    )
    rng = np.random.default_rng(0)
    rolls = 12
    activations, weights = integers(rng, 4, (rolls, 4)), integers(rng, 4, (rolls, 4, 2))
    carry = np.arange(rolls) % 4 > 0
    finishes = np.arange(rolls) % 8 == 4  # one of those that carry nothing
    inputs = {
        "activations": activations,
        "weights": weights,
        "valid": np.ones(rolls, int),
        "tags.first": np.ones(rolls, int),
        "tags.last": np.ones(rolls, int),
        "tags.carry": carry,
        "tags.finishes": finishes,
        "tags.operation": np.full(rolls, LANE_SUM),
    }
    outputs = drive_array(array, inputs, ["tile.lanes", "tile.arrives_next", "tile.in_lanes_next"])
    # lane 2 * group + row has the columns 2 * group, of the next row, and 2 * group + 1, its own
    groups = weights.reshape(rolls, 2, 2, 2).transpose(0, 1, 3, 2).reshape(rolls, 4, 2)
    products = activations[:, :, None] * groups
    lanes, _ = run_lanes(LANE_SUM, products, np.ones(rolls), carry, finishes)
    assert array.lane_latency == 3
    done = [0] * 2 + [1] * (rolls - 2)
    assert outputs["tile.arrives_next"].tolist() == outputs["tile.in_lanes_next"].tolist() == done
    assert (outputs["tile.lanes"][3:] == lanes[:-3]).all()
