"""The end of every operator: an exact integer p becomes y."""

from __future__ import annotations

import numpy as np

from ..errors import QuantizationError
from ..ir import Node, Requantize


def check_range(node: Node, constants: Requantize, largest: int) -> None:
    """Make sure that p and its rounding stay within int64.

    Parameters
    ----------
    node
        Named in the message.
    constants
        Those that make p of the accumulator.
    largest
        Bound of the magnitude of p.

    Raises
    ------
    QuantizationError
        If p may exceed 62 bits, or a shift is not from 1 to 62.
    """
    shift = constants.shift
    if largest >= 1 << 62 or shift.min() < 1 or shift.max() > 62:
        raise QuantizationError(
            f"Node '{node.name}': requantization reaches {largest} and shifts by {shift.min()} to "
            f"{shift.max()}; 62 bits and shifts from 1 to 62 are allowed: use fewer multiplier bits"
        )


def round_shift(p: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """round(p / 2**shift), ties to even, in int64 throughout.

    Half of the divisor, added before the arithmetic shift right, rounds ties up; one less than
    half, added where the floor is even, rounds those ties to the even floor.

    Parameters
    ----------
    p
        int64, within -2**62 to 2**62.
    shift
        int64, 1 to 62, broadcastable to `p`.
    """
    below_half = (np.int64(1) << (shift - 1)) - 1
    floor_is_odd = (p >> shift) & 1
    return (p + below_half + floor_is_odd) >> shift


def requantize(
    p: np.ndarray, constants: Requantize, zero_point: int, shift: np.ndarray | None = None
) -> np.ndarray:
    """y = clamp(round(p / 2**shift) + zero_point, lo, hi).

    Parameters
    ----------
    p
        int64.
    shift
        `constants.shift` (if None) or a view of it that broadcasts to `p`.

    Returns
    -------
    numpy.ndarray
        int64, within `lo` to `hi`.
    """
    y = round_shift(p, constants.shift if shift is None else shift)
    y += zero_point
    return np.clip(y, constants.lo, constants.hi, out=y)
