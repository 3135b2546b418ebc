"""The range of real values that an activation's integers cover.

minmax
    All values seen.
percentile
    All but the outermost 0.01 % of the nonzero values at either end.
mse
    The range of least mean squared quantization error over the distribution seen: outliers are cut
    where that pays in resolution of the rest (a grid search over both ends). Few values do not show
    how far others will reach: what lies beyond them is estimated, so that such a range is wider.
entropy
    The range that loses least information: see `nnhw.quantize.entropy`.

How they compare: see benchmarks/quantization.py.

A range always includes zero, so that zero, and with it padding and Relu, is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..ir import Quantization
from ..options import CalibrationMethod
from .entropy import entropy_range
from .statistics import Distribution

_PERCENTILE = 0.9999
_FRACTIONS = np.linspace(1, 1 / 64, 64)
"""Ends tried by the mse method, as fractions of the ends seen."""

_BEYOND = np.linspace(33, 48, 16) / 32
"""Likewise, where values are to be expected beyond those seen."""

_PRIOR_SHAPE, _PRIOR_VALUES = -0.2, 50
"""Of a tail before any value of it is seen, about that of a normal distribution three deviations
from its mean; and as how many values that counts. So an end that few suggest is not trusted."""

_SMALLEST_SCALE = 2.0**-100
"""So that scales, and products and quotients of two, stay within float32's normal range."""


def choose_quantization(
    distribution: Distribution, bits: int, method: CalibrationMethod
) -> Quantization:
    """Signed quantization of `bits` for values of the given distribution."""
    if method == "minmax":
        return from_range(distribution.lo, distribution.hi, bits)
    if method == "percentile":
        return from_range(*_percentile_range(distribution), bits)
    if method == "entropy":
        return from_range(*entropy_range(distribution, bits), bits)
    return _least_error(distribution, bits)


def from_range(lo: float, hi: float, bits: int) -> Quantization:
    """Signed quantization that covers `lo` to `hi` and zero.

    The scale is a float32 value, so that every consumer of the model computes with the same one.
    A range of nothing but zero gets a scale of 1.
    """
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    steps = (1 << bits) - 1
    scale = float(np.float32(max((hi - lo) / steps, _SMALLEST_SCALE))) if lo < hi else 1.0
    smallest = -(1 << (bits - 1))
    zero_point = smallest + round(-lo / scale)
    return Quantization(bits=bits, scale=scale, zero_point=min(zero_point, smallest + steps))


def with_scale(q: Quantization, scale: float) -> Quantization:
    """A quantization of the given scale, not below that of `q`, that covers the range of `q`."""
    below = round((q.zero_point - q.lo) * q.scale / scale)
    return replace(q, scale=scale, zero_point=q.lo + below)


def _percentile_range(distribution: Distribution) -> tuple[float, float]:
    if not distribution.counts.any():
        return 0.0, 0.0
    share = np.cumsum(distribution.counts) / distribution.counts.sum()
    first = int(np.searchsorted(share, 1 - _PERCENTILE))
    last = int(np.searchsorted(share, _PERCENTILE))
    return float(distribution.centers[first]), float(distribution.centers[last])


def quantization_error(distribution: Distribution, q: Quantization) -> float:
    """Squared error that a quantization makes over all values of a distribution."""
    x = distribution.centers
    steps = np.clip(np.rint(x / q.scale), q.lo - q.zero_point, q.hi - q.zero_point)
    return float(distribution.counts @ (x - steps * q.scale) ** 2)


def _unseen_error(distribution: Distribution, sign: int) -> Callable[[float], float]:
    """What a range that ends at some value costs by values beyond those seen on that side.

    Beyond the outermost sqrt(n) of n values the distribution is taken for a generalized Pareto
    distribution (Pickands, "Statistical Inference Using Extreme Order Statistics", 1975), fitted by
    its first two moments (Hosking and Wallis, "Parameter and Quantile Estimation for the
    Generalized Pareto Distribution", 1987). It is the squared error that is to be expected of as
    many values again; of a range that ends before the last value seen, as if it ended there.
    """
    order = slice(None, None, -1) if sign > 0 else slice(None)
    counts, distances = distribution.counts[order], sign * distribution.centers[order]
    wanted = math.isqrt(int(counts.sum()))
    outermost = int(np.searchsorted(np.cumsum(counts), wanted)) + 1
    counts, distances = counts[:outermost], distances[:outermost]
    threshold, last = (
        float(distances[-1]),
        sign * (distribution.hi if sign > 0 else distribution.lo),
    )
    number = int(counts.sum())
    excess = distances - threshold
    if wanted < 2 or threshold < 0 or not counts @ excess:
        return lambda end: 0.0
    mean = float(counts @ excess) / number
    ratio = mean**2 / (float(counts @ (excess - mean) ** 2) / number)
    seen = min(max((1 - ratio) / 2, -1), 0)
    shape = (seen * number + _PRIOR_SHAPE * _PRIOR_VALUES) / (number + _PRIOR_VALUES)
    scale = mean * (1 - shape)

    def expected(end: float) -> float:
        left = 1 + shape * (max(sign * end, last) - threshold) / scale
        if left <= 0:
            return 0.0
        squared = 2 * (scale * left) ** 2 / ((1 - shape) * (1 - 2 * shape))
        return number * left ** (-1 / shape) * squared

    return expected


def _ends(seen: float, unseen_error: Callable[[float], float]) -> np.ndarray:
    """Ends to try on one side."""
    if not seen:
        return np.zeros(1)
    return seen * (np.append(_FRACTIONS, _BEYOND) if unseen_error(seen) else _FRACTIONS)


def _least_error(distribution: Distribution, bits: int) -> Quantization:
    below, above = _unseen_error(distribution, -1), _unseen_error(distribution, 1)
    occupied = distribution.counts > 0  # few bins, often, and thousands of candidates
    used = replace(
        distribution,
        centers=distribution.centers[occupied],
        counts=distribution.counts[occupied],
    )
    best, least = (distribution.lo, distribution.hi), np.inf
    ends = _ends(distribution.hi, above)
    beyond = np.array([above(hi) for hi in ends])
    for lo in _ends(distribution.lo, below):
        errors = _errors(used, lo, ends, bits) + below(lo) + beyond
        at = int(np.argmin(errors))
        if errors[at] < least:
            best, least = (lo, ends[at]), errors[at]
    return from_range(*best, bits)


def _errors(distribution: Distribution, lo: float, ends: np.ndarray, bits: int) -> np.ndarray:
    """`quantization_error` of the ranges from `lo` to each of the ends, as `from_range` makes them.

    All at once, as there are thousands for every tensor.
    """
    x, steps, smallest = distribution.centers, (1 << bits) - 1, -(1 << (bits - 1))
    lo, ends = min(lo, 0.0), np.maximum(ends, 0.0)
    scales = np.maximum((ends - lo) / steps, _SMALLEST_SCALE).astype(np.float32).astype(np.float64)
    scales[ends <= lo] = 1.0
    zero_points = np.minimum(smallest + np.rint(-lo / scales), smallest + steps)[:, None]
    scales = scales[:, None]
    q = np.clip(np.rint(x / scales), smallest - zero_points, smallest + steps - zero_points)
    squares = (x - q * scales) ** 2
    return np.array([distribution.counts @ row for row in squares])
