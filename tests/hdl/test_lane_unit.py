"""Lanes that accumulate on their own."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, integers
from lane_model import run_lanes

from nnhw.hdl.lane_unit import LaneUnit
from nnhw.isa import Operation
from nnhw.machine import SLICE_BITS

LANE_SUM, LANE_MAX, LANE_PAIR = Operation.LANE_SUM, Operation.LANE_MAX, Operation.LANE_PAIR
ALL = frozenset(Operation)


@pytest.mark.parametrize(("lanes", "slots"), [(1, 1), (3, 1), (2, 2), (3, 4)])
@pytest.mark.parametrize("operation", [LANE_SUM, LANE_MAX, LANE_PAIR])
@pytest.mark.parametrize("slices", [1, 2])
@pytest.mark.parametrize("alone", [False, True])
def test_lane_unit(operation, lanes, slots, alone, slices):
    rng = np.random.default_rng(lanes)
    unit = LaneUnit(
        lanes=lanes,
        slots=slots,
        slices=slices,
        activation_width=8,
        product_width=12,
        accumulator_width=21,
        operations=frozenset({operation}) if alone else ALL,
    )
    cycles = 100
    rolls = operation == LANE_SUM and slots > 1
    # of a maximum or a pair just the last slot counts, whose products are single values
    products = integers(rng, 12 if operation == LANE_SUM else 8, (cycles, lanes, slots, slices))
    if operation != LANE_SUM:
        products[..., 1:] = 0
    enable, first = rng.integers(0, 4, cycles) > 0, rng.integers(0, 3, cycles) == 0
    carry = rng.integers(0, 2, cycles) if rolls else np.zeros(cycles, int)
    finishes = rng.integers(0, 2, cycles) if rolls else np.zeros(cycles, int)
    carry[~first] = 1  # has no meaning then
    enable[0] = first[0] = True
    carry[0] = finishes[0] = 0
    outputs = drive(
        unit,
        {
            # two cycles after their flags
            "products": np.roll(products, 2, axis=0).reshape(cycles, lanes, -1),
            "enable": enable,
            "tags.first": first,
            "tags.carry": carry,
            "tags.finishes": finishes,
            "tags.operation": np.full(cycles, operation),
        },
        ["values", "addends"],
    )
    flags = (array[enable] for array in (first, carry, finishes))
    whole = products @ (1 << SLICE_BITS * np.arange(slices))
    values, addends = run_lanes(operation, whole[enable], *flags)
    late = 2 + unit.latency
    step = np.cumsum(enable)[:-late] - 1
    assert (outputs["values"][late:] == values[step]).all()
    if operation == LANE_PAIR:
        assert (outputs["addends"][late:] == addends[step]).all()
        assert np.ptp(addends, axis=0).min() > 0
