"""The constants of requantization as the hardware is to hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..machine import Datapath
from .layer_plan import UNIT, LayerPlan


def requantizer_tables(plans: Sequence[LayerPlan]) -> list[np.ndarray]:
    """Bias, multiplier and shift of every layer, int64 (n, 3), with no factor of one left open.

    If every factor of the network is a power of two, each becomes a shift with a multiplier of one,
    so that the engine needs no multipliers for requantization.
    """
    shifted = [_as_shifts(plan) for plan in plans]
    if all(table is not None for table in shifted):
        return [table for table in shifted if table is not None]
    unit = _unit_shift(plans)
    return [_with_unit(plan.parameters, unit) for plan in plans]


def with_shifts_of(table: np.ndarray, datapath: Datapath) -> np.ndarray:
    """The same factors, M / 2**S = (M * 2**k) / 2**(S + k), with shifts that a machine has.

    A shift stays what it is if no other one can take its place: factors are exact, and no wider
    than the machine's multipliers. All rows of one shift keep one, as terms that are added must.
    """
    table = table.copy()
    most = (1 << datapath.widths.multiplier) - 1
    for shift in set(table[:, 2].tolist()) - set(datapath.shifts):
        rows = table[:, 2] == shift
        multipliers = [int(value) for value in table[rows, 1]]
        for other in sorted(datapath.shifts, key=lambda other: abs(other - shift)):
            up, down = max(0, other - shift), max(0, shift - other)
            exact = all(value % (1 << down) == 0 for value in multipliers)
            moved = [value << up >> down for value in multipliers]
            if exact and max(moved) <= most:
                table[rows, 1], table[rows, 2] = moved, other
                break
    return table


def _as_shifts(plan: LayerPlan) -> np.ndarray | None:
    """Factors of 2**-S with a multiplier of one; None if there are others.

    Terms that are added must have the same: what is shifted is their sum.
    """
    bias, multiplier, shift = plan.parameters.T
    exponent = np.array([int(value).bit_length() - 1 for value in multiplier])
    unit = shift == UNIT
    shift = np.where(unit, 0, shift - exponent)
    if (multiplier != 1 << exponent).any() or (shift < 0).any():
        return None
    if len(plan.inputs) == 2 and not plan.multiplies and (shift != shift[0]).any():
        return None
    return np.stack([bias, np.ones_like(multiplier), shift], axis=-1)


def _unit_shift(plans: Sequence[LayerPlan]) -> int:
    """S for 2**S / 2**S: one in use anyway if possible, as each distinct one costs hardware."""
    others = np.concatenate([plan.parameters for plan in plans])
    others = others[others[:, 2] != UNIT]
    bits = int(others[:, 1].max()).bit_length() if len(others) else 0
    return next((s for s in sorted(set(others[:, 2].tolist())) if s < bits), 1)


def _with_unit(table: np.ndarray, unit: int) -> np.ndarray:
    """The table in which every factor of one is 2**unit / 2**unit."""
    table = table.copy()
    is_unit = table[:, 2] == UNIT
    table[is_unit, 1] = 1 << unit
    table[is_unit, 2] = unit
    return table
