"""What lanes accumulate, in NumPy."""

from __future__ import annotations

import numpy as np

from nnhw.isa import Operation


def run_lanes(
    operation: Operation,
    products: np.ndarray,
    first: np.ndarray,
    carry: np.ndarray,
    finishes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What each lane holds after each step: values and addends, (steps, lanes).

    Parameters
    ----------
    products
        (steps, lanes, slots).
    first, carry, finishes
        (steps,): the step begins a tile or, with `carry`, a roll; with `finishes` the last sum goes
        on in any case.
    """
    values, addends = [], []
    sums, addend = np.zeros(products.shape[1:], int), np.zeros(products.shape[1], int)
    for step, product in enumerate(products):
        if first[step]:
            moved = np.pad(sums, ((0, 0), (1, 0)))[:, :-1]
            goes_on = np.full(sums.shape[1], bool(carry[step]))
            goes_on[-1] |= bool(finishes[step])
            sums = product + moved * goes_on
        elif operation == Operation.LANE_SUM:
            sums = sums + product
        elif operation == Operation.LANE_MAX:
            sums = np.maximum(sums, product)
        else:
            addend = product[:, -1]
        values.append(sums[:, -1])
        addends.append(addend)
    return np.array(values), np.array(addends)
