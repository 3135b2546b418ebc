"""An input that holds other values: the operators behind it undo that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from raw_graphs import RELU, RawGraph

from nnhw.ir import ChannelAffine, Clip, Graph, HostStep
from nnhw.passes import restore_input, simplify_graph
from nnhw.quantize import run_float

SCALE = np.array([0.5, 2.0, 4.0, 3.0])
OFFSET = np.array([3.0, -1.0, 0.0, 10.0])


def restored(graph: Graph, scale: np.ndarray, offset: np.ndarray) -> Graph:
    """The network whose host does (x - offset) / scale, so that it takes the same samples."""
    changed = restore_input(graph, "x", scale, offset)
    steps = (
        HostStep(operator="Sub", operand=offset.astype(np.float32)),
        HostStep(operator="Div", operand=scale.astype(np.float32)),
    )
    return replace(changed, inputs=(replace(changed.inputs[0], host_preprocess=steps),))


def clip(b: RawGraph, x: str) -> str:
    return b._add(Clip, (x,), b.shape(x), clamp=RELU)


def affine(b: RawGraph, x: str) -> str:
    channels = b.shape(x)[2]
    return b._add(
        ChannelAffine,
        (x,),
        b.shape(x),
        scale=np.linspace(-1, 2, channels),
        offset=np.linspace(0, 3, channels),
    )


NETWORKS = {
    "convolution": lambda b: [b.conv("x")],
    "padded convolution": lambda b: [b.conv("x", kernel=(3, 3), pads=(1, 1, 1, 1))],
    "depthwise": lambda b: [b.conv("x", groups=4, kernel=(2, 2))],
    "max pool": lambda b: [b.conv(b.max_pool("x"))],
    "average pool": lambda b: [b.conv(b.average_pool("x"))],
    "padded average pool": lambda b: [b.conv(b.pad("x", 1, 1, 1, 1))],
    "affine": lambda b: [b.conv(affine(b, "x"))],
    "negative, then a pool": lambda b: [b.conv(b.max_pool(affine(b, "x")))],
    "clip": lambda b: [b.conv(clip(b, "x"))],
    "addition": lambda b: [b.conv(b.add("x", "x")), b.conv(b.add("x", b.conv("x")))],
    "output": lambda b: ["x", b.conv("x")],
    "output of an affine": lambda b: [affine(b, "x")],
    "several readers": lambda b: [b.conv("x"), b.conv("x", kernel=(2, 2)), b.max_pool("x")],
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("offset", [OFFSET, np.zeros(4)], ids=["offset", "scale only"])
def test_computes_the_same(kind: str, offset: np.ndarray) -> None:
    b = RawGraph()
    graph = b.graph(*NETWORKS[kind](b))
    x = np.random.default_rng(1).normal(size=(3, 5, 6, 4)).astype(np.float32) * 5
    changed = restored(graph, SCALE, offset)
    for made in (changed, simplify_graph(changed)):
        found, expected = run_float(made, x), run_float(graph, x)
        for after, before in zip(made.outputs, graph.outputs, strict=True):
            np.testing.assert_allclose(
                found[after.tensor], expected[before.tensor], rtol=1e-4, atol=1e-4
            )


@pytest.mark.parametrize(
    ("kind", "is_free"),
    [
        ("convolution", True),
        ("padded convolution", False),
        ("depthwise", True),
        ("max pool", True),
        ("average pool", True),
        ("several readers", False),  # one of which is an output
    ],
)
def test_what_takes_no_further_node(kind: str, is_free: bool) -> None:
    b = RawGraph()
    graph = b.graph(*NETWORKS[kind](b))
    before = simplify_graph(graph).nodes
    after = simplify_graph(restore_input(graph, "x", SCALE, OFFSET)).nodes
    assert (len(after) == len(before)) == is_free


def test_what_the_network_subtracts_itself_is_gone() -> None:
    """Rounding of float32 included, which would keep a padded convolution from taking it."""
    b = RawGraph()
    front = b._add(
        ChannelAffine, ("x",), b.shape("x"), scale=1 / SCALE, offset=-np.full(4, 0.1) / SCALE
    )
    graph = b.graph(b.conv(front, kernel=(3, 3), pads=(1, 1, 1, 1)))
    offset = np.full(4, np.float64(np.float32(0.1)))
    assert len(simplify_graph(graph).nodes) == 2
    assert len(simplify_graph(restore_input(graph, "x", SCALE, offset)).nodes) == 1
