"""Worst-case ranges of the integers in a graph, over all inputs that its input's type allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ir import (
    Graph,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QFunction,
    QMaxPool,
    QMultiply,
    Quantization,
)


@dataclass(frozen=True, kw_only=True)
class AccumulatorBounds:
    """Smallest and largest value of an operator's accumulator, in any channel.

    An accumulator starts at zero, adds weight * q with q as it is stored, padding being q = zero
    point, and is given its constant, in which bias and zero point are folded, at the end.

    Parameters
    ----------
    raw
        (lo, hi) of all partial sums of weight * q, in whichever order; zero included.
    folded
        (lo, hi) of the sum with the constant: of acc in `QConv` and `QAveragePool`.
    """

    raw: tuple[int, int]
    folded: tuple[int, int]


def tensor_bounds(graph: Graph) -> dict[str, tuple[int, int]]:
    """(lo, hi) of q for every tensor of an integer graph, as its writer clamps it."""
    bounds = {}
    for port in graph.inputs:
        q = graph.tensors[port.tensor].q
        bounds[port.tensor] = q.lo, q.hi
    for node in graph.nodes:
        lo, hi = bounds[node.inputs[0]]
        match node:
            case QConv() | QAveragePool() | QAdd() | QMultiply():
                lo, hi = node.requantize.lo, node.requantize.hi
            case QMaxPool():
                lo, hi = _clamp(lo, node.lo, node.hi), _clamp(hi, node.lo, node.hi)
            case QConcat():
                lo = min(part.lo for part in node.parts)
                hi = max(part.hi for part in node.parts)
            case QFunction():
                lowest = graph.tensors[node.inputs[0]].q.lo
                reached = node.table[lo - lowest : hi - lowest + 1]
                lo, hi = int(reached.min()), int(reached.max())
        bounds[node.output] = lo, hi
    return bounds


def accumulator_bounds(graph: Graph) -> dict[str, AccumulatorBounds]:
    """Bounds of the accumulators of every `QConv` and `QAveragePool`, by node name.

    The bounds are reached: every element of a window takes its least favourable value within
    `tensor_bounds` of its tensor, or the zero point where windows overlap padding.

    Raises
    ------
    ValueError
        If two of these nodes have the same name.
    """
    inputs = tensor_bounds(graph)
    result: dict[str, AccumulatorBounds] = {}
    for node in graph.nodes:
        if not isinstance(node, QConv | QAveragePool):
            continue
        if node.name in result:
            raise ValueError(f"Two nodes are named '{node.name}'")
        name = node.inputs[0]
        result[node.name] = _node_bounds(node, inputs[name], graph.tensors[name].q)
    return result


def _node_bounds(
    node: QConv | QAveragePool, source: tuple[int, int], q: Quantization
) -> AccumulatorBounds:
    lo, hi = source
    if any(node.window.pads):
        lo, hi = min(lo, q.zero_point), max(hi, q.zero_point)
    weight, bias = _weight_and_bias(node)
    products = np.stack([weight * lo, weight * hi])
    lows, highs = products.min(axis=0), products.max(axis=0)
    constant = bias - q.zero_point * weight.sum(axis=1)
    return AccumulatorBounds(
        raw=(
            int(np.minimum(lows, 0).sum(axis=1).min()),
            int(np.maximum(highs, 0).sum(axis=1).max()),
        ),
        folded=(
            int((lows.sum(axis=1) + constant).min()),
            int((highs.sum(axis=1) + constant).max()),
        ),
    )


def _weight_and_bias(node: QConv | QAveragePool) -> tuple[np.ndarray, np.ndarray]:
    """int64 (channels, taps) and int64 (channels,)."""
    if isinstance(node, QConv):
        return node.weight.reshape(len(node.weight), -1).astype(np.int64), node.bias
    rows, cols = node.window.kernel
    return np.ones((1, rows * cols), np.int64), np.zeros(1, np.int64)


def _clamp(value: int, lo: int, hi: int) -> int:
    return min(max(value, lo), hi)
