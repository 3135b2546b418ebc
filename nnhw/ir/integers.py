"""Real numbers to integers, the one way in which that is done."""

from __future__ import annotations

import numpy as np


class IntegerRangeError(ValueError):
    """A number is not finite or, rounded, beyond an integer type; the message says what it is."""


def as_integers(values: np.ndarray, dtype: type[np.integer] = np.int64) -> np.ndarray:
    """The nearest integers, ties to even, checked before they are narrowed.

    Parameters
    ----------
    values
        Real numbers, or integers of another type.
    dtype
        Of the result.

    Raises
    ------
    IntegerRangeError
        If a number is NaN or infinite, or its integer is none of `dtype`.
    """
    array = np.asarray(values)
    rounded = np.rint(array) if array.dtype.kind == "f" else array
    if rounded.dtype.kind == "f" and not np.isfinite(rounded).all():
        raise IntegerRangeError("NaN or infinity")
    # As Python's integers, since no floating-point number is exactly the largest of 64 bits.
    lo, hi = (int(rounded.min()), int(rounded.max())) if rounded.size else (0, 0)
    limits = np.iinfo(dtype)
    if lo < limits.min or hi > limits.max:
        worst = lo if lo < limits.min else hi
        raise IntegerRangeError(f"{worst:.6g}, beyond {limits.bits}-bit integers")
    return rounded.astype(dtype)
