"""Activation scales that make requantization exact where there are no weights to do so.

A convolution's ratio (input scale * weight scale / output scale) becomes exactly multiplier /
2**shift by the choice of its weight scale. Additions, products, concatenations and average pools
have no weights: here the scale of their output, and for additions and concatenations those of
operands too, are enlarged by a few per cent to the same end. The integer graph and the real-valued
model that its scales describe then compute the same, however few bits a multiplier has.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from fractions import Fraction

import numpy as np

from ..ir import Add, AveragePool, Concat, Conv, Extremum, Function, Graph, Multiply
from .fixed_point import largest_sum_ratio

_OPERAND_BITS = 3
"""One operand's scale is the other's times an integer of so many bits over a power of two."""

_OUTPUT_BITS = 10
"""Bits of the odd multiplier that an output's scale, or a concatenated one, stands for.

With so many, no sum of operands is exactly halfway between two of 256 outputs, where the rounding
of float32 would decide.
"""

_FEWEST_OUTPUT_BITS = 4
"""With fewer, the scale would be enlarged by more than exactness is worth."""


def align_scales(
    graph: Graph,
    group_of: Mapping[str, str],
    scales: Mapping[str, float],
    multiplier_bits: int,
    fixed: Collection[str] = (),
) -> dict[str, float]:
    """Enlarge scales where that makes requantization exact.

    Parameters
    ----------
    graph
        Float graph.
    group_of
        For every tensor the first tensor of its group; a group has one quantization.
    scales
        float32 values, by group.
    multiplier_bits
        Width of a multiplier.
    fixed
        Groups whose scales stay.

    Returns
    -------
    dict
        float32 values, by group. An operator's scales are as before where an exact ratio would
        need wider multipliers, or other scales for operands that earlier operators rely on.
    """
    result = dict(scales)
    movable = {port.tensor for port in graph.inputs}
    movable |= {node.output for node in graph.nodes if isinstance(node, Conv | Function)}
    movable.difference_update(fixed)
    for node in graph.nodes:
        groups = [group_of[name] for name in node.inputs]
        if node.output in fixed:
            pass  # its ratios are what they are
        elif isinstance(node, AveragePool):
            common = math.lcm(*node.divisor.flat)
            unit, largest = result[groups[0]] / common, int(common // node.divisor.min())
            unit *= node.gain
            result[node.output] = _output_scale(unit, largest, result[node.output], multiplier_bits)
        elif isinstance(node, Add | Extremum):
            _align_addition(groups, node, result, movable, multiplier_bits)
        elif isinstance(node, Multiply):
            unit = node.gain * result[groups[0]] * result[groups[1]]
            result[node.output] = _output_scale(unit, 1, result[node.output], multiplier_bits)
        elif isinstance(node, Concat):
            _align_concatenation(groups, node.output, result, movable, multiplier_bits)
        if isinstance(node, AveragePool | Add | Multiply | Extremum | Concat):
            movable.difference_update(groups)
    return result


def _align_addition(
    groups: list[str],
    node: Add | Extremum,
    scales: dict[str, float],
    movable: set[str],
    multiplier_bits: int,
) -> None:
    """Change the scales of an addition's operands and output in place.

    An output that lies between two steps of an operand, as bounds may cut it off, gets steps that
    multipliers still reach from there.
    """
    reach = largest_sum_ratio(multiplier_bits) / 2  # an operand's scale may yet grow
    output, gain = node.output, node.gain
    least = gain * max(scales[group] for group in groups) / reach
    scales[output] = float(np.float32(max(scales[output], least)))
    moved = min(movable.intersection(groups) or groups, key=lambda group: scales[group])
    other = groups[1] if moved == groups[0] else groups[0]
    ratio = _dyadic_at_least(scales[moved] / scales[other])
    if moved not in movable and not math.isclose(
        scales[moved], scales[other] * ratio, rel_tol=1e-6
    ):
        return
    scales[moved] = float(np.float32(scales[other] * ratio))
    unit, largest = (
        gain * scales[other] / ratio.denominator,
        max(ratio.numerator, ratio.denominator),
    )
    scales[output] = _output_scale(unit, largest, scales[output], multiplier_bits)


def _align_concatenation(
    groups: list[str],
    output: str,
    scales: dict[str, float],
    movable: set[str],
    multiplier_bits: int,
) -> None:
    """Change the scales of a concatenation's parts and output in place.

    The output follows one part, preferably one that cannot move; those that can follow the output.
    """
    first = max(set(groups) - movable or groups, key=lambda group: (scales[group], group))
    scales[output] = _output_scale(scales[first], 1, scales[output], multiplier_bits)
    for group in movable.intersection(groups) - {first}:
        mantissa, exponent = math.frexp(scales[group] / scales[output])
        odd = math.ceil(math.ldexp(mantissa, _OUTPUT_BITS)) | 1
        if odd >> _OUTPUT_BITS:
            odd, exponent = odd // 2 | 1, exponent + 1
        scales[group] = float(np.float32(scales[output] * math.ldexp(odd, exponent - _OUTPUT_BITS)))


def _dyadic_at_least(value: float) -> Fraction:
    """The smallest fraction of `_OPERAND_BITS` over a power of two that is not below `value`."""
    mantissa, exponent = math.frexp(value)
    numerator = math.ceil(math.ldexp(mantissa, _OPERAND_BITS) * (1 - 1e-6))
    return numerator * Fraction(2) ** (exponent - _OPERAND_BITS)


def _output_scale(unit: float, largest: int, scale: float, multiplier_bits: int) -> float:
    """The next larger scale for which multiples of `unit`, up to `largest`, have exact ratios."""
    bits = min(_OUTPUT_BITS, multiplier_bits - (largest - 1).bit_length())
    mantissa, exponent = math.frexp(unit / scale)
    if bits < _FEWEST_OUTPUT_BITS or exponent >= bits:
        return scale
    odd = int(math.ldexp(mantissa, bits) - 1) | 1
    return float(np.float32(unit / odd * 2.0 ** (bits - exponent)))
