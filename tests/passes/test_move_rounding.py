"""Roundings move and merge, and what the graph computes stays the same to the last bit."""

from dataclasses import replace

import numpy as np
import pytest

from nnhw.ir import (
    AveragePool,
    Clamp,
    Clip,
    Concat,
    FakeQuantize,
    Graph,
    MaxPool,
    Port,
    Quantization,
    Reshape,
    Tensor,
    Window,
)
from nnhw.passes import move_rounding, simplify_graph
from nnhw.passes.move_rounding import rounding_of
from nnhw.quantize import run_float

SHAPE = (4, 4, 2)
COARSE = Quantization(bits=4, scale=0.25, zero_point=-2)
FINE = Quantization(bits=8, scale=0.03, zero_point=5)
RELU = Clamp(lo=0.0)
POOL = Window(kernel=(2, 2), stride=(2, 2))


def rounding(source, output, quantization=COARSE):
    return FakeQuantize(name=output, inputs=(source,), output=output, quantization=quantization)


def clip(source, output, clamp=RELU):
    return Clip(name=output, inputs=(source,), output=output, clamp=clamp)


def pool(source, output, **fields):
    return MaxPool(name=output, inputs=(source,), output=output, window=POOL, **fields)


def copy(source, output):
    """Something that computes, but changes nothing."""
    return AveragePool(
        name=output,
        inputs=(source,),
        output=output,
        window=Window(),
        divisor=np.ones(SHAPE[:2], np.int64),
    )


def graph(*nodes, shapes=None):
    shapes = {"x": SHAPE, **{node.output: SHAPE for node in nodes}, **(shapes or {})}
    last = nodes[-1].output
    return Graph(
        name="test",
        nodes=nodes,
        tensors={name: Tensor(name=name, shape=shape) for name, shape in shapes.items()},
        inputs=(Port(tensor="x", onnx_name="x", onnx_shape=(32,)),),
        outputs=(Port(tensor=last, onnx_name="y", onnx_shape=(32,)),),
    )


def settled(before):
    """After the pass alone, until it finds nothing; the same results all along."""
    after, changed = before, True
    x = np.random.default_rng(0).standard_normal((200, *SHAPE)) * 2
    (expected,) = run_float(before, x).values()
    while changed:
        after, changed = move_rounding.apply(after)
        (found,) = run_float(after, x).values()
        np.testing.assert_array_equal(found, expected)
    return after


def kinds(graph):
    return [type(node) for node in graph.nodes]


@pytest.mark.parametrize("clamp", [RELU, Clamp(lo=-0.4, hi=0.6), Clamp(lo=0.1)])
def test_clamp_between_equal_roundings_moves_before_them(clamp):
    before = graph(copy("x", "c"), rounding("c", "a"), clip("a", "b", clamp), rounding("b", "y"))
    assert kinds(settled(before)) == [AveragePool, Clip, FakeQuantize]


def test_clamp_between_unequal_roundings():
    before = graph(copy("x", "c"), rounding("c", "a"), clip("a", "b"), rounding("b", "y", FINE))
    assert kinds(settled(before)) == [AveragePool, Clip, FakeQuantize, FakeQuantize]


def test_clamp_off_the_grid_stays_behind():
    before = graph(copy("x", "c"), rounding("c", "a"), clip("a", "y", Clamp(lo=0.1)))
    assert kinds(settled(before)) == [AveragePool, FakeQuantize, Clip]


def test_clamp_to_the_range_is_dropped():
    lo, hi = (COARSE.scale * (q - COARSE.zero_point) for q in (COARSE.lo, COARSE.hi))
    before = graph(clip("x", "c", Clamp(lo=lo, hi=hi)), rounding("c", "y"))
    assert kinds(settled(before)) == [FakeQuantize]


@pytest.mark.parametrize("clamp", [Clamp(lo=-0.9, hi=0.6), Clamp(hi=0.6), Clamp(lo=-0.9)])
def test_input_is_rounded_before_it_is_clamped(clamp):
    before = graph(clip("x", "c", clamp), rounding("c", "y"))
    assert kinds(settled(before)) == [FakeQuantize, Clip]


@pytest.mark.parametrize("clamp", [Clamp(), RELU, Clamp(lo=-0.4, hi=0.6)])
def test_rounding_moves_before_max_pool(clamp):
    before = graph(
        copy("x", "c"),
        pool("c", "p", clamp=clamp),
        rounding("p", "y"),
        shapes={"p": (2, 2, 2), "y": (2, 2, 2)},
    )
    assert kinds(settled(before)) == [AveragePool, FakeQuantize, MaxPool]


def test_rounding_moves_before_reshape():
    reshape = Reshape(name="r", inputs=("c",), output="r")
    before = graph(
        copy("x", "c"), reshape, rounding("r", "y"), shapes={"r": (1, 1, 32), "y": (1, 1, 32)}
    )
    assert kinds(settled(before)) == [AveragePool, FakeQuantize, Reshape]


def test_rounding_behind_pool_of_equal_rounding_is_dropped():
    small = {"p": (2, 2, 2), "y": (2, 2, 2)}
    before = graph(rounding("x", "a"), pool("a", "p"), rounding("p", "y"), shapes=small)
    assert kinds(settled(before)) == [FakeQuantize, MaxPool]
    other = graph(rounding("x", "a"), pool("a", "p"), rounding("p", "y", FINE), shapes=small)
    assert kinds(settled(other)) == [FakeQuantize, MaxPool, FakeQuantize]


def test_equal_roundings_of_one_tensor_are_shared():
    wide = {"y": (4, 4, 4)}
    parts = (copy("x", "c"), rounding("c", "a"), rounding("c", "b"))
    join = Concat(name="y", inputs=("a", "b"), output="y")
    assert kinds(settled(graph(*parts, join, shapes=wide))) == [AveragePool, FakeQuantize, Concat]
    parts = (*parts[:2], replace(parts[2], quantization=FINE))
    assert len(settled(graph(*parts, join, shapes=wide)).nodes) == 4


def test_rounding_of():
    join = Concat(name="j", inputs=("a", "b"), output="j")
    roundings = (rounding("x", "a"), rounding("x", "b"))
    assert rounding_of(graph(*roundings, join, shapes={"j": (4, 4, 4)}), "j") == COARSE
    roundings = (rounding("x", "a"), rounding("x", "b", FINE))
    assert rounding_of(graph(*roundings, join, shapes={"j": (4, 4, 4)}), "j") is None
    assert rounding_of(graph(rounding("x", "a"), copy("a", "y")), "y") == COARSE
    assert rounding_of(graph(rounding("x", "a"), clip("a", "y", Clamp(lo=0.1))), "y") is None
    assert rounding_of(graph(copy("x", "y")), "x") is None


def test_rounding_of_a_long_chain():
    copies = [copy(f"v{i}", f"v{i + 1}") for i in range(1500)]  # deeper than Python's stack
    assert rounding_of(graph(rounding("x", "v0"), *copies), "v1500") == COARSE


def test_whole_simplification_comes_to_an_end():
    before = graph(
        clip("x", "a", Clamp(lo=-0.9, hi=0.6)),
        rounding("a", "b"),
        clip("b", "c"),
        rounding("c", "d"),
        rounding("d", "e", FINE),
        clip("e", "y"),
    )
    after = simplify_graph(before)
    x = np.random.default_rng(0).standard_normal((200, *SHAPE)) * 2
    (expected,), (found,) = run_float(before, x).values(), run_float(after, x).values()
    np.testing.assert_array_equal(found, expected)
    assert Clip not in kinds(after)
