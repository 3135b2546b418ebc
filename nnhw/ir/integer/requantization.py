"""The end of every integer operator: an exact integer p becomes y.

    y = clamp(round(p / 2**shift) + zero_point, lo, hi)

where round() goes to the nearest integer, ties to even: the rounding of ONNX QuantizeLinear.
`zero_point` is that of the output tensor's quantization. How p comes about is what the operators
differ in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Requantize:
    """Constants of the requantization.

    Parameters
    ----------
    multiplier
        int64, positive; the operator says of which shape, and what it multiplies to make p.
    shift
        int64, at least 1, of the same shape as `multiplier`.
    lo, hi
        Bounds of the result: the range of the output's type, narrowed by a fused activation.
    """

    multiplier: np.ndarray
    shift: np.ndarray
    lo: int
    hi: int

    @property
    def bounds(self) -> tuple[int, int]:
        """`lo` and `hi`."""
        return self.lo, self.hi


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
