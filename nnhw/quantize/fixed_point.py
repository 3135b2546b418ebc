"""Requantization constants: real ratios as multiplier / 2**shift.

A ratio r (output steps per unit of the accumulator) becomes an integer M < 2**multiplier_bits and a
shift S. Two things are wanted: M / 2**S equal to r, so that the integer graph and the real-valued
model that its scales describe compute the same, and few distinct S, as each costs hardware a
multiplexer input.

For equality r is made to follow M and S, not the reverse, wherever a scale is free: the scale of a
convolution's weights (`weights`), of an addition's or average pool's output (`alignment`).
For few S each ratio has an interval of acceptable shifts, and the fewest integers that hit all
intervals are found greedily, which is optimal for intervals.

How far golden model and onnxruntime then agree, by width of the multipliers, is measured by
benchmarks/quantization.py. Additions with a small S meet exact ties, which float32 breaks at
random, and what differs in one layer differs in those after it; therefore multipliers have some
bits more than convolutions need.

What else differs is due to the rounding of float32 in sums close to halfway between two outputs.
The S of convolutions is limited to 16 because their results are then at least 2**-16 steps from
there, unless exactly there, which is rare (odd M) but the less so the smaller S is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

_LARGEST_RATIO = 2.0**8
"""From there on a single unit of the accumulator saturates any output."""

_LARGEST_SUM_RATIO = 2.0**20
"""Of sums, in which one term may nearly cancel another one whose ratio is as large."""

_LARGEST_SHIFT = 40

_FLEXIBLE_BITS = 8
"""Significant bits of M that are enough where the ratio follows M."""

_FLEXIBLE_SHIFTS = (15, 16)
"""Where the ratio follows M: the S that is enough however small M is, and the largest useful S."""

_INEXACT_BITS = 16
"""Significant bits of M that are enough where M / 2**S is not exactly the ratio."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Factors:
    """The ratios of one operator.

    Parameters
    ----------
    ratio
        float64 (..., terms), positive. Terms are summed before they are shifted and so share a
        shift.
    flexible
        Whether the ratios will follow the constants, which are equal to them or a little larger.
    """

    ratio: np.ndarray
    flexible: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedPoint:
    """multiplier / 2**shift: int64 (..., terms) each, equal shifts along the last axis.

    Multipliers of flexible ratios are odd: an accumulator then has to be an odd multiple of
    2**(shift - 1) to be a tie of rounding, which float32 would break at random.
    """

    multiplier: np.ndarray
    shift: np.ndarray


def choose_constants(
    operators: Sequence[Factors], multiplier_bits: int, significant_bits: int = _INEXACT_BITS
) -> list[FixedPoint]:
    """Multipliers and shifts of a network's operators, with the fewest distinct shifts.

    Parameters
    ----------
    operators
        Ratios of all operators that requantize.
    multiplier_bits
        Multipliers are less than 2**multiplier_bits; at least 10.
    significant_bits
        Of multipliers where they are not exactly the ratio, if `multiplier_bits` allow so many.
    """
    operators = [
        replace(factors, ratio=_limited(factors.ratio, multiplier_bits)) for factors in operators
    ]
    intervals = [
        _shift_interval(factors, multiplier_bits, significant_bits) for factors in operators
    ]
    shifts = fewest_points(
        [
            (int(lo), int(hi))
            for lows, highs in intervals
            for lo, hi in zip(lows.flat, highs.flat, strict=True)
        ]
    )
    return [
        _constants(factors, shifts[np.searchsorted(shifts, highs, side="right") - 1])
        for factors, (_, highs) in zip(operators, intervals, strict=True)
    ]


def _limited(ratio: np.ndarray, multiplier_bits: int) -> np.ndarray:
    """Ratios that constants can have; the terms of a sum keep their proportion."""
    if ratio.shape[-1] == 1:
        return np.minimum(ratio, _LARGEST_RATIO)
    largest = min(_LARGEST_SUM_RATIO, 2.0 ** (multiplier_bits - 2))
    return ratio * np.minimum(1.0, largest / ratio.max(axis=-1, keepdims=True))


def _shift_interval(
    factors: Factors, multiplier_bits: int, significant_bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest acceptable shift; int64 (...) each."""
    ratio = factors.ratio
    mantissa, exponent = np.frexp(ratio.max(axis=-1))  # mantissa * 2**exponent, mantissa below 1
    full = np.ldexp(mantissa, multiplier_bits) > (1 << multiplier_bits) - 1
    highs = np.minimum(multiplier_bits - exponent - full, _LARGEST_SHIFT).astype(np.int64)
    if factors.flexible:
        lows = np.minimum(_FLEXIBLE_BITS - exponent, _FLEXIBLE_SHIFTS[0])
        highs = np.minimum(highs, _FLEXIBLE_SHIFTS[1])
    else:
        lows = np.minimum(significant_bits - exponent, _exact_shift(ratio))
    return np.clip(lows, 1, highs), highs


def _exact_shift(ratio: np.ndarray) -> np.ndarray:
    """The smallest shift at which all terms are integers, as far as float32 scales can tell."""
    shift = np.full(ratio.shape[:-1], _LARGEST_SHIFT, np.int64)
    for candidate in reversed(range(1, _LARGEST_SHIFT)):
        scaled = np.ldexp(ratio, candidate)
        exact = np.isclose(scaled, np.rint(scaled), rtol=1e-6, atol=0).all(axis=-1)
        shift = np.where(exact, candidate, shift)
    return shift


def fewest_points(intervals: list[tuple[int, int]]) -> np.ndarray:
    """The fewest integers, ascending, of which every interval contains one."""
    points: list[int] = []
    for lo, hi in sorted(intervals, key=lambda interval: interval[1]):
        if not points or points[-1] < lo:
            points.append(hi)
    return np.array(points, np.int64)


def _constants(factors: Factors, shift: np.ndarray) -> FixedPoint:
    scaled = np.ldexp(factors.ratio, shift[..., None])
    multiplier = (
        np.ceil(scaled).astype(np.int64) | 1
        if factors.flexible
        else np.maximum(np.rint(scaled).astype(np.int64), 1)
    )
    shifts = np.broadcast_to(shift[..., None], multiplier.shape)
    return FixedPoint(multiplier=multiplier, shift=np.ascontiguousarray(shifts))
