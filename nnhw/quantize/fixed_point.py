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

Scales that a model brings along are rounded to float32, so that their ratio is known within a few
2**-24 and the smallest M / 2**S in there is as right as any. Files that nnhw has written come back
with the constants of the build that wrote them for that reason; of other ratios hardly any has an M
of 16 bits or fewer.

What else differs is due to the rounding of float32 in sums close to halfway between two outputs.
The S of convolutions is limited to 16 because their results are then at least 2**-16 steps from
there, unless exactly there, which is rare (odd M) but the less so the smaller S is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..ir import Factors, FixedPoint

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

_FRACTION_BITS = 16
"""Widest M that counts as small: of arbitrary ratios one in a hundred has one by chance."""

_MOST_SHIFTS = 4
"""More are never chosen where ratios follow, as intervals up to the largest one are 8 long."""

_ENOUGH = 1e-6
"""Relative error that 20 significant bits may make; with it any fewer are as good."""

_ROUNDING = 3 * 2.0**-24
"""Relative error of a ratio of three float32 scales: each is rounded once, by half a step."""


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
    operators = [_exact(_limited(factors, multiplier_bits)) for factors in operators]
    return _constants_within(
        operators,
        [_shift_interval(factors, multiplier_bits, significant_bits) for factors in operators],
    )


def follow_ratios(ratio: np.ndarray, shift: np.ndarray, multiplier_bits: int) -> FixedPoint:
    """Constants of ratios that change, by shifts that `choose_constants` chose and that stay.

    Parameters
    ----------
    ratio
        float64 (channels, 1), positive: those of a convolution, which follow the constants.
    shift
        int64 (channels, 1).
    multiplier_bits
        Multipliers are less than 2**multiplier_bits.

    Returns
    -------
    FixedPoint
        Of the odd multipliers that are nearest to the ratios.
    """
    half = np.floor(np.ldexp(ratio, shift) / 2).clip(0, (1 << (multiplier_bits - 1)) - 1)
    return FixedPoint(multiplier=2 * half.astype(np.int64) + 1, shift=shift)


def largest_sum_ratio(multiplier_bits: int) -> float:
    """The largest ratio of a term of a sum that multipliers below 2**multiplier_bits can have."""
    return min(_LARGEST_SUM_RATIO, 2.0 ** (multiplier_bits - 2))


def small_constants(operators: Sequence[Factors]) -> list[FixedPoint] | None:
    """Multipliers of few bits, if all ratios that are given are small fractions.

    The constants are those by which `choose_constants` has made the ratios, if it has. Where it
    has not, as the many shifts of weighted operators tell, shifts are shared as far as that makes
    no multiplier wider than the widest.

    Parameters
    ----------
    operators
        Ratios of all operators that requantize.
    """
    operators = [_limited(factors, _FRACTION_BITS) for factors in operators]
    fractions = [_small_fraction(item.ratio) for item in operators if not item.flexible]
    found = [fraction for fraction in fractions if fraction is not None]
    if len(found) < len(fractions):
        return None
    operators = [_exact(factors) for factors in operators]
    kept = [
        (_exact_shift(factors.ratio, _ROUNDING),) * 2
        if factors.followed
        else _shift_interval(factors, _FRACTION_BITS, _FRACTION_BITS)
        for factors in operators
    ]
    own = [interval for interval, item in zip(kept, operators, strict=True) if item.followed]
    if len(_fewest_shifts(own)) <= _MOST_SHIFTS:
        return _constants_within(operators, kept)
    widest = max(int(fraction.multiplier.max()).bit_length() for fraction in found)
    widest = max(widest, _FLEXIBLE_BITS + 2 if len(found) < len(operators) else 1)
    shared = [_shift_interval(factors, widest, widest) for factors in operators]
    return _constants_within(operators, shared)


_Interval = tuple[np.ndarray, np.ndarray]
"""Smallest and largest acceptable shifts: int64 (...) each."""


def _fewest_shifts(intervals: Sequence[_Interval]) -> np.ndarray:
    return fewest_points(
        [
            (int(lo), int(hi))
            for lows, highs in intervals
            for lo, hi in zip(lows.flat, highs.flat, strict=True)
        ]
    )


def _constants_within(
    operators: Sequence[Factors], intervals: Sequence[_Interval]
) -> list[FixedPoint]:
    """The constants of the fewest shifts of which each interval contains one."""
    shifts = _fewest_shifts(intervals)
    return [
        _constants(factors, shifts[np.searchsorted(shifts, highs, side="right") - 1])
        for factors, (_, highs) in zip(operators, intervals, strict=True)
    ]


def _limited(factors: Factors, multiplier_bits: int) -> Factors:
    """The same ratios as far as constants can have them; terms of a sum keep their proportion."""
    ratio = factors.ratio
    if ratio.shape[-1] == 1:
        return replace(factors, ratio=np.minimum(ratio, _LARGEST_RATIO))
    largest = largest_sum_ratio(multiplier_bits)
    share = np.minimum(1.0, largest / ratio.max(axis=-1, keepdims=True))
    return replace(factors, ratio=ratio * share)


def _shift_interval(factors: Factors, multiplier_bits: int, significant_bits: int) -> _Interval:
    ratio = factors.ratio
    mantissa, exponent = np.frexp(ratio.max(axis=-1))  # mantissa * 2**exponent, mantissa below 1
    full = np.ldexp(mantissa, multiplier_bits) > (1 << multiplier_bits) - 1
    highs = np.minimum(multiplier_bits - exponent - full, _LARGEST_SHIFT).astype(np.int64)
    if factors.flexible:
        lows = np.minimum(_FLEXIBLE_BITS - exponent, _FLEXIBLE_SHIFTS[0])
        highs = np.minimum(highs, _FLEXIBLE_SHIFTS[1])
    else:
        lows = np.minimum(significant_bits - exponent, _exact_shift(ratio, _ENOUGH))
    return np.clip(lows, 1, highs), highs


def _exact_shift(ratio: np.ndarray, tolerance: float) -> np.ndarray:
    """The smallest shift at which all terms are integers but for a relative error."""
    shift = np.full(ratio.shape[:-1], _LARGEST_SHIFT, np.int64)
    for candidate in reversed(range(1, _LARGEST_SHIFT)):
        scaled = np.ldexp(ratio, candidate)
        exact = np.isclose(scaled, np.rint(scaled), rtol=tolerance, atol=0).all(axis=-1)
        shift = np.where(exact, candidate, shift)
    return shift


def are_small_fractions(ratio: np.ndarray) -> np.ndarray:
    """Whether all terms (..., terms) are fractions of small multipliers: bool (...)."""
    scaled = np.ldexp(ratio, _exact_shift(ratio, _ROUNDING)[..., None])
    multiplier = np.rint(scaled)
    exact = np.isclose(scaled, multiplier, rtol=_ROUNDING, atol=0)
    return (exact & (multiplier < 1 << _FRACTION_BITS)).all(axis=-1)


def _small_fraction(ratio: np.ndarray) -> FixedPoint | None:
    """The smallest constants that are equal to the ratios; None if any is not small."""
    if not are_small_fractions(ratio).all():
        return None
    shift = _exact_shift(ratio, _ROUNDING)[..., None]
    multiplier = np.rint(np.ldexp(ratio, shift)).astype(np.int64)
    shifts = np.ascontiguousarray(np.broadcast_to(shift, ratio.shape))
    return FixedPoint(multiplier=multiplier, shift=shifts)


def _exact(factors: Factors) -> Factors:
    """The factors without the rounding of float32, if they are given and small fractions."""
    fraction = None if factors.flexible else _small_fraction(factors.ratio)
    if fraction is None:
        return factors
    return replace(factors, ratio=np.ldexp(fraction.multiplier.astype(float), -fraction.shift))


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
