"""Worst-case ranges of the integers in a graph, over all inputs that its input's type allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ir import Graph, Quantization, Sums, integer_operator


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
        (lo, hi) of the sum with the constant: of acc in the operator's contract.
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
        sources = [bounds[name] for name in node.inputs]
        bounds[node.output] = integer_operator(node).bounds(node, graph, sources)
    return bounds


def accumulator_bounds(graph: Graph) -> dict[str, AccumulatorBounds]:
    """Bounds of the accumulators of every node that has `Sums`, by node name.

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
        sums_of = integer_operator(node).sums
        if sums_of is None:
            continue
        if node.name in result:
            raise ValueError(f"Two nodes are named '{node.name}'")
        name = node.inputs[0]
        result[node.name] = _bounds_of(sums_of(node), inputs[name], graph.tensors[name].q)
    return result


def _bounds_of(sums: Sums, source: tuple[int, int], q: Quantization) -> AccumulatorBounds:
    lo, hi = source
    if sums.is_padded:
        lo, hi = min(lo, q.zero_point), max(hi, q.zero_point)
    products = np.stack([sums.weight * lo, sums.weight * hi])
    lows, highs = products.min(axis=0), products.max(axis=0)
    constant = sums.bias - q.zero_point * sums.weight.sum(axis=1)
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
