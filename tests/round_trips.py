"""Networks to be written as model.qdq.onnx and read again, and what has to be the same then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from random_graphs import Builder, Clamp

from nnhw.conversion import Samples, convert
from nnhw.frontend import load_model, write_qdq
from nnhw.ir import Graph, Node, Requantize
from nnhw.options import BuildOptions

RELU = Clamp(lo=0.0)
GAIN = float(np.float32(1.7))


def everything() -> tuple[Graph, np.ndarray]:
    """Every operator that requantizes and two outputs."""
    b = Builder((8, 8, 3), seed=1)
    first = b.conv("x", 6, kernel=(3, 3), clamp=RELU)
    total = b.add(first, b.conv(first, 6, groups=6, kernel=(3, 3), pads=(1, 1, 1, 1)), clamp=RELU)
    gated = b.multiply(total, b.function(b.conv(total, 6), "sigmoid"))
    both = b.concat(b.max_pool(gated, kernel=(2, 2)), b.conv(gated, 2, kernel=(2, 2)))
    again = b.add(both, b.conv(both, 8, clamp=Clamp(lo=0.0, hi=6.0)))
    pooled = b.average_pool(again, kernel=(5, 5))
    return b.graph(b.dense(pooled, 4), b.conv(both, 2)), b.data(60)


def gains() -> tuple[Graph, np.ndarray]:
    """Every operator that has a gain."""
    b = Builder((8, 8, 3), seed=4)
    first = b.conv("x", 6, kernel=(3, 3), clamp=RELU)
    total = b.add(first, b.conv(first, 6), clamp=RELU, gain=0.5)
    gated = b.multiply(total, b.function(b.conv(total, 6), "sigmoid"), gain=GAIN)
    larger = b.maximum(b.conv(gated, 6), b.conv(gated, 6), gain=GAIN)
    return b.graph(b.dense(b.average_pool(larger, kernel=(3, 3), gain=GAIN), 4)), b.data(60)


def without_weights() -> tuple[Graph, np.ndarray]:
    """A channel of zeros, whose bias is all that it gives."""
    b = Builder((4, 4, 2), seed=2)
    graph = b.graph(b.dense(b.conv("x", 3), 2))
    graph.nodes[0].weight[1] = 0
    return graph, b.data(40)


def wide_padding() -> tuple[Graph, np.ndarray]:
    """A max pool whose padding is as wide as its kernel: it reaches the image by dilation."""
    b = Builder((5, 5, 3), seed=3)
    window = {"kernel": (2, 2), "dilation": (3, 3), "pads": (2, 2, 2, 2)}
    return b.graph(b.max_pool(b.conv("x", 3), **window)), b.data(40)


def far_from_zero() -> tuple[Graph, np.ndarray]:
    """An input from which the host subtracts something."""
    b = Builder((4, 4, 2), seed=2)
    return b.graph(b.dense(b.conv("x", 3), 2)), np.add(b.data(400), [40.0, -25.0])


def requantizations(node: Node) -> list[Requantize]:
    parts = list(getattr(node, "parts", ()))
    return [*parts, node.requantize] if hasattr(node, "requantize") else parts


def read_again(graph: Graph, folder: Path) -> Graph:
    write_qdq(graph, folder / "model.qdq.onnx")
    network = load_model(folder / "model.qdq.onnx")
    return convert(network, Samples(), BuildOptions(trim=False)).whole


def check_same(graph: Graph, again: Graph) -> None:
    """The same integers in the same operators; names and the order of branches aside."""
    named = {node.output.removesuffix("_quantized"): node for node in again.nodes}
    assert len(named) == len(graph.nodes)
    for one in graph.nodes:
        other = named[one.output]
        assert type(other) is type(one)
        assert graph.tensors[one.output].q == again.tensors[other.output].q
        for field in ("weight", "bias", "divisor", "table", "lo", "hi"):
            np.testing.assert_array_equal(getattr(one, field, None), getattr(other, field, None))
        for a, b in zip(requantizations(one), requantizations(other), strict=True):
            for field in ("multiplier", "shift", "lo", "hi"):
                np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    for one, other in zip(graph.inputs, again.inputs, strict=True):
        assert graph.tensors[one.tensor].q == again.tensors[other.tensor].q
        assert repr(one.host_preprocess) == repr(other.host_preprocess)
