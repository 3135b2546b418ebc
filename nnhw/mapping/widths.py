"""The least widths of the datapath that hold every value of a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from ..ir import Graph, QConv
from ..isa import bits_for
from ..machine import EngineConfig, Widths, slices_of
from ..quantize import accumulator_bounds, tensor_bounds
from .layer_plan import LayerPlan


def activation_bits(graph: Graph) -> int:
    """Bits of the widest tensor."""
    return max(tensor.q.bits for tensor in graph.tensors.values())


def datapath_widths(
    plans: Sequence[LayerPlan],
    graph: Graph,
    config: EngineConfig,
    tables: Sequence[np.ndarray],
    parameters: np.ndarray,
) -> Widths:
    """The least widths that hold every value of every layer.

    `tables`, `parameters`: see `requantizer_tables`, `parameter_image`.
    """
    accumulators, tensors = accumulator_bounds(graph), tensor_bounds(graph)
    activation = activation_bits(graph)
    raw: list[int] = []
    operands: list[int] = []
    multiplicands: list[int] = []
    weight_bits = [2]
    least_weight = 0
    for plan, table in zip(plans, tables, strict=True):
        if isinstance(plan.node, QConv):
            bits, least = _weight_extent(plan, plan.node, config)
            weight_bits.append(bits)
            least_weight = min(least_weight, least)
        if plan.node.name in accumulators:
            raw += accumulators[plan.node.name].raw
            folded = accumulators[plan.node.name].folded
            operands += folded
            multiplicands.append(_multiplicand_bits(plan, table, folded))
            continue
        differences = []
        for name in plan.inputs:
            limits, zero = tensors[name], graph.tensors[name].q.zero_point
            raw += [*limits, -(1 << (activation - 1))]
            differences.append([limit - zero for limit in limits])
        if plan.multiplies:
            differences.append([a * b for a in differences[0] for b in differences[1]])
        operands += chain.from_iterable(differences)
        multiplicands += [
            bits_for(limit, signed=True) for limit in chain.from_iterable(differences)
        ]
    biases = parameters[..., 0]
    largest = int(parameters[..., 1].max())
    return Widths(
        activation=activation,
        weight=max(weight_bits),
        symmetric_weights=least_weight > -(1 << (max(weight_bits) - 1)),
        accumulator=max(bits_for(limit, signed=True) for limit in raw),
        bias=max(bits_for(int(bias), signed=True) for bias in (biases.min(), biases.max())),
        operand=max(bits_for(limit, signed=True) for limit in operands),
        multiplicand=max(multiplicands),
        multiplier=largest.bit_length() if largest > 1 else 0,
    )


def _weight_extent(plan: LayerPlan, node: QConv, config: EngineConfig) -> tuple[int, int]:
    """Bits of what columns hold of a layer's weights, and the least number."""
    slices = plan.weights.slices if plan.is_dense else config.lane_slices
    if slices == 1:
        return node.weight_bits, int(node.weight.min())
    limits = [int(limit) for each in slices_of(node.weight) for limit in (each.min(), each.max())]
    return max(bits_for(limit, signed=True) for limit in limits), min(limits)


def _multiplicand_bits(plan: LayerPlan, table: np.ndarray, folded: tuple[int, int]) -> int:
    """The fewest bits, signed, such that every sum of a layer that has more is beyond a bound of
    its result: as soon as the least one is that, so are all, since multipliers are positive."""
    _, multiplier, shift = table.T
    least, largest = folded
    bits = 1
    for limit, bound, lowest in (
        (-least - 1, plan.zero_point - plan.lo, 1),
        (largest, plan.hi - plan.zero_point, 0),
    ):
        needed = max(limit, 0).bit_length() + 1
        # the quotient is rounded towards zero, so that rounding leads no further from the bound
        while needed > 1 and ((((1 << needed - 2) + lowest) * multiplier >> shift) >= bound).all():
            needed -= 1
        bits = max(bits, needed)
    return bits
