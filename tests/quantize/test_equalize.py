"""Equalization changes ranges, not what a network computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.ir import Clamp, Conv, Graph
from nnhw.quantize import equalize, run_float
from nnhw.quantize.statistics import channel_maxima

RELU = Clamp(lo=0.0)


def uneven(graph: Graph, index: int, factors: np.ndarray) -> Graph:
    """The graph with the output channels of a convolution multiplied by `factors`."""
    nodes = list(graph.nodes)
    node = nodes[index]
    assert isinstance(node, Conv)
    weight = node.weight * factors[:, None, None, None]
    nodes[index] = replace(node, weight=weight, bias=node.bias * factors)
    return replace(graph, nodes=tuple(nodes))


def spread(graph: Graph, x: np.ndarray, tensor: str) -> float:
    """Largest over smallest range of a tensor's channels."""
    maxima = channel_maxima(graph, x, [tensor])[tensor]
    return float(maxima.max() / maxima.min())


@pytest.mark.parametrize("index", [0, 1], ids=["depthwise reader", "dense reader behind pools"])
def test_ranges_are_evened_out(index: int) -> None:
    b = Builder((8, 8, 3))
    first = b.conv("x", 6, kernel=(3, 3), clamp=RELU)
    second = b.conv(first, 6, groups=6, kernel=(3, 3), clamp=RELU)
    pooled = b.average_pool(b.max_pool(second, kernel=(2, 2)), kernel=(3, 3))
    x = b.data(40)
    graph = uneven(b.graph(b.dense(pooled, 4)), index, 2.0 ** np.arange(-2, 4))
    even = equalize(graph, x)
    found, exact = (run_float(g, x)[graph.outputs[0].tensor] for g in (even, graph))
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-4 * np.abs(exact).max())
    tensor = (first, second)[index]
    assert spread(even, x, tensor) < 0.5 * spread(graph, x, tensor)


@pytest.mark.parametrize("kind", ["relu6", "output", "two readers", "add", "quantized"])
def test_what_must_stay(kind: str) -> None:
    """Between a clamp at 6, an output, an operator without weights: the channels are left alone."""
    b = Builder((4, 4, 3))
    hidden = b.conv("x", 5, clamp=Clamp(lo=0.0, hi=6.0) if kind == "relu6" else RELU)
    outputs = [b.conv(hidden, 5)]
    if kind == "output":
        outputs.append(hidden)
    elif kind == "two readers":
        outputs.append(b.conv(hidden, 2))
    elif kind == "add":
        outputs = [b.conv(b.add(hidden, b.conv("x", 5)), 2)]
    graph = b.graph(*outputs)
    if kind == "quantized":
        (node, *others) = graph.nodes
        graph = replace(graph, nodes=(replace(node, weight_scale=np.ones(5)), *others))
    graph = uneven(graph, 0, 2.0 ** np.arange(5))
    for before, after in zip(graph.nodes, equalize(graph, b.data(20)).nodes, strict=True):
        if isinstance(before, Conv) and isinstance(after, Conv):
            np.testing.assert_array_equal(after.weight, before.weight)


def test_dead_channels() -> None:
    b = Builder((4, 4, 3))
    graph = b.graph(b.conv(b.conv("x", 5, clamp=RELU), 5))
    graph = uneven(graph, 0, np.array([1.0, 0.0, 1.0, 1e-30, 1.0]))
    weight = equalize(graph, b.data(20)).nodes[0].weight
    assert np.isfinite(weight).all()
    np.testing.assert_array_equal(weight[1], 0)
