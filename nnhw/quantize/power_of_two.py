"""Scales that are powers of two, so that requantization is nothing but a shift.

The ratio of every operator's scales is then a power of two, too: its multiplier is one, and an
engine whose multipliers are all one has none. Two operators need more than that:

- The sum over a window of n elements is divided by n. If n is no power of two, the output's scale
  is a power of two times the input's over n: the hardware then only shifts, and the division is in
  the scale. So it is with the gain of any operator.
- The terms of a sum are shifted together, so that operands of an addition share a scale, the larger
  of theirs. Where operands cannot (one of them is such a result), they keep their multipliers.

An output of sums or concatenations is not finer than what comes in: it would have to be shifted to
the left.

What it costs in accuracy: see benchmarks/quantization.py.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from ..ir import (
    Add,
    AveragePool,
    Concat,
    Extremum,
    Factors,
    FixedPoint,
    Graph,
    Multiply,
    Quantization,
)
from ..options import CalibrationMethod
from .ranges import quantization_error, with_scale
from .statistics import Distribution

_LARGEST_SHIFT = 40
_LARGEST_EXPONENT = 8
"""From there on a single unit of the accumulator saturates any output."""

_TOLERANCE = 1e-6
"""Relative difference that rounding scales to float32 makes."""


def power_of_two_quantizations(
    graph: Graph,
    group_of: Mapping[str, str],
    quantizations: Mapping[str, Quantization],
    distributions: Mapping[str, Distribution],
    method: CalibrationMethod,
    fixed: Collection[str] = (),
) -> dict[str, Quantization]:
    """Quantizations by group, of scales that are powers of two or follow from an average.

    Parameters
    ----------
    graph
        Float graph.
    group_of
        For every tensor the first tensor of its group; a group has one quantization.
    quantizations, distributions
        As calibrated, by group. Scales are rounded up; with the method "mse", down where cutting
        the range costs less than resolution gains.
    fixed
        Groups whose scale, a power of two, is kept; only a sum makes it larger.
    """
    result = {
        group: quantization
        if group in fixed
        else _nearby(quantization, distributions[group], method)
        for group, quantization in quantizations.items()
    }

    def follow(output: str, unit: float) -> None:
        if not _is_power_of_two(result[output].scale / unit):
            scale = _at_least(quantizations[output].scale, unit)
            result[output] = with_scale(quantizations[output], scale)

    while True:
        before = dict(result)
        for node in graph.nodes:
            groups = [group_of[name] for name in node.inputs]
            scales = [result[group].scale for group in groups]
            if isinstance(node, AveragePool) and (node.divisor == node.divisor.flat[0]).all():
                follow(node.output, node.gain * scales[0] / int(node.divisor.flat[0]))
            elif isinstance(node, Multiply) and not _is_power_of_two(node.gain):
                follow(node.output, node.gain * scales[0] * scales[1])
            elif isinstance(node, Add | Extremum):
                for group, scale in zip(groups, scales, strict=True):
                    if _is_power_of_two(max(scales) / scale):
                        result[group] = with_scale(result[group], max(scales))
                if not _is_power_of_two(node.gain):
                    follow(node.output, node.gain * max(scales))
            if isinstance(node, Add | Extremum | Concat):
                gain = 1.0 if isinstance(node, Concat) else node.gain
                largest = gain * max(result[group].scale for group in groups)
                if result[node.output].scale < largest:
                    result[node.output] = with_scale(result[node.output], largest)
        if result == before:
            return result


def shift_constants(factors: Factors) -> FixedPoint | None:
    """Constants of an operator whose ratios are powers of two; None if they are not.

    Multipliers are one, except for ratios above a half (a shift is at least one) and for terms that
    share a shift though they have different ratios. Ratios that follow the constants are enlarged
    to the next power of two.
    """
    ratio = factors.ratio
    if factors.flexible:
        ratio = np.exp2(np.ceil(np.log2(ratio) - _TOLERANCE))
    exponent = np.rint(np.log2(ratio))
    if not np.allclose(np.exp2(exponent), ratio, rtol=_TOLERANCE, atol=0):
        return None
    exponent = np.clip(exponent, -_LARGEST_SHIFT, _LARGEST_EXPONENT).astype(np.int64)
    shift = np.broadcast_to(np.maximum(-exponent.min(axis=-1, keepdims=True), 1), exponent.shape)
    return FixedPoint(multiplier=1 << (exponent + shift), shift=np.ascontiguousarray(shift))


def _nearby(
    quantization: Quantization, distribution: Distribution, method: CalibrationMethod
) -> Quantization:
    """The quantization whose scale is the next larger power of two, or the best of smaller ones."""
    wide = with_scale(quantization, _at_least(quantization.scale, 1.0))
    if method != "mse":
        return wide
    # At half the scale not all of the range fits: the zero point decides which end is cut.
    narrow = replace(wide, scale=wide.scale / 2)
    candidates = [wide] + [
        replace(narrow, zero_point=zero_point) for zero_point in range(wide.lo, wide.hi + 1)
    ]
    return min(candidates, key=lambda candidate: quantization_error(distribution, candidate))


def _at_least(scale: float, unit: float) -> float:
    """The next `unit` times a power of two, as a float32 value."""
    return float(np.float32(unit * 2.0 ** math.ceil(math.log2(scale / unit))))


def _is_power_of_two(ratio: float) -> bool:
    exponent = math.log2(ratio)
    return abs(exponent - round(exponent)) < _TOLERANCE
