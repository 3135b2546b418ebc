"""The least widths of the datapath that hold every value of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import Graph, QConv
from ..isa import bits_for
from ..machine import Widths
from ..quantize import accumulator_bounds, tensor_bounds
from .layer_plan import LayerPlan


def activation_bits(graph: Graph) -> int:
    """Bits of the widest tensor."""
    return max(tensor.q.bits for tensor in graph.tensors.values())


def datapath_widths(plans: Sequence[LayerPlan], graph: Graph, parameters: np.ndarray) -> Widths:
    """The least widths that hold every value of every layer.

    `parameters`: see `parameter_image`.
    """
    accumulators, tensors = accumulator_bounds(graph), tensor_bounds(graph)
    activation = activation_bits(graph)
    raw: list[int] = []
    operands: list[int] = []
    weight_bits = [2]
    least_weight = 0
    for plan in plans:
        if isinstance(plan.node, QConv):
            weight_bits.append(plan.node.weight_bits)
            least_weight = min(least_weight, int(plan.node.weight.min()))
        if plan.node.name in accumulators:
            raw += accumulators[plan.node.name].raw
            operands += accumulators[plan.node.name].folded
            continue
        differences = []
        for name in plan.inputs:
            limits, zero = tensors[name], graph.tensors[name].q.zero_point
            raw += [*limits, -(1 << (activation - 1))]
            differences.append([limit - zero for limit in limits])
            operands += differences[-1]
        if plan.multiplies:
            operands += [a * b for a in differences[0] for b in differences[1]]
    biases = parameters[..., 0]
    largest = int(parameters[..., 1].max())
    return Widths(
        activation=activation,
        weight=max(weight_bits),
        symmetric_weights=least_weight > -(1 << (max(weight_bits) - 1)),
        accumulator=max(bits_for(limit, signed=True) for limit in raw),
        bias=max(bits_for(int(bias), signed=True) for bias in (biases.min(), biases.max())),
        operand=max(bits_for(limit, signed=True) for limit in operands),
        multiplier=largest.bit_length() if largest > 1 else 0,
    )
