"""Passes about operators that move elements."""

import numpy as np
import pytest
from raw_graphs import RawGraph, assert_same_results, kinds

from nnhw.ir import Conv, Graph, MaxPool, Resize, Slice
from nnhw.passes import (
    fuse_clip,
    merge_affine,
    merge_order,
    merge_slices,
    move_ahead,
    own_outputs,
    simplify_graph,
    split_resize,
)


def run(rewrite, graph: Graph) -> Graph:
    after, changed = rewrite.apply(graph)
    assert changed == (after is not graph)
    assert_same_results(graph, after)
    return after


MOVES = {
    "resize": lambda raw, x: raw.resize(x, 2, 2),
    "slice": lambda raw, x: raw.slice(x, (1, 0, 1), 2, 6, 2),
    "depth_to_space": lambda raw, x: raw.depth_to_space(x, 2),
    "reshape": lambda raw, x: raw.reshape(x, 5, 12, 2),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_affine_and_clip_reach_the_convolution(move):
    raw = RawGraph()
    moved = move(raw, raw.conv("x"))
    graph = raw.graph(raw.conv(raw.clip(raw.affine(moved)), kernel=(2, 2)))
    simple = simplify_graph(graph)
    assert_same_results(graph, simple)
    assert len(simple.nodes) == 3
    first = simple.nodes[0]
    assert isinstance(first, Conv)
    assert first.clamp.lo == 0


def test_function_is_computed_before_its_tensor_grows():
    raw = RawGraph()
    graph = raw.graph(raw.function(raw.resize(raw.conv("x"), 2, 2), "tanh"))
    assert kinds(run(move_ahead, graph)) == ["Conv", "Function", "Resize"]
    raw = RawGraph()
    graph = raw.graph(raw.function(raw.depth_to_space(raw.conv("x"), 2), "tanh"))
    assert run(move_ahead, graph) is graph


def test_what_others_read_is_not_changed():
    raw = RawGraph()
    conv = raw.conv("x")
    graph = raw.graph(raw.clip(raw.slice(conv, (0, 0, 0), 5, 6, 2)), raw.max_pool(conv))
    assert run(move_ahead, graph) is graph
    raw = RawGraph()
    moved = raw.resize(raw.conv("x"), 2, 2)
    graph = raw.graph(raw.clip(moved), raw.max_pool(moved))
    assert run(move_ahead, graph) is graph


def test_input_is_not_computed_by_anything():
    raw = RawGraph()
    graph = raw.graph(raw.clip(raw.resize("x", 2, 2)))
    assert run(move_ahead, graph) is graph


def test_channels_across_pixels():
    raw = RawGraph()
    graph = raw.graph(raw.affine(raw.reshape(raw.conv("x"), 1, 1, 120)))
    assert run(move_ahead, graph) is graph


@pytest.mark.parametrize("order", [(2, 0, 3, 1), (0, 1, 1, 3), (3, 1, 0)])
def test_order_of_channels(order):
    raw = RawGraph()
    last = raw.conv(raw.conv("x", clamp=None), len(order))
    node = raw.nodes[-1]
    assert isinstance(node, Conv)
    node.weight[...] = np.eye(4)[list(order)][:, None, None, :]
    node.bias[...] = 0
    after = run(merge_order, raw.graph(last))
    assert kinds(after) == (["Conv"] if sorted(order) == [0, 1, 2, 3] else ["Conv", "Conv"])


def test_no_order_of_channels():
    raw = RawGraph()
    graph = raw.graph(raw.conv(raw.conv("x")))
    assert run(merge_order, graph) is graph


@pytest.mark.parametrize(
    ("factor", "parts"),
    [
        ((2, 2), [(2, 2)]),
        ((1, 3), [(1, 3)]),
        ((5, 1), [(5, 1)]),
        ((2, 3), [(2, 1), (1, 3)]),
        ((4, 6), [(1, 2), (2, 1), (1, 3), (2, 1)]),
    ],
)
def test_large_repetitions(factor, parts):
    raw = RawGraph()
    graph = raw.graph(raw.conv(raw.resize("x", *factor)))
    simple = simplify_graph(graph)
    assert_same_results(graph, simple)
    assert sorted(n.factor for n in simple.nodes if isinstance(n, Resize)) == sorted(parts)
    if len(parts) == 1:
        assert run(split_resize, graph) is graph


def test_affines_in_a_row():
    raw = RawGraph()
    x = raw.max_pool("x")
    after = run(merge_affine, raw.graph(raw.affine(raw.affine(raw.affine(x)))))
    assert kinds(after) == ["MaxPool", "ChannelAffine"]


def test_affines_without_effect():
    raw = RawGraph()
    opposite = raw.line(raw.line(raw.max_pool("x"), 6.0), float(np.float32(1 / 6)))
    assert kinds(run(merge_affine, raw.graph(opposite))) == ["MaxPool"]


@pytest.mark.parametrize("kind", ["concat", "resize", "depth_to_space"])
def test_outputs_put_together_are_copied(kind):
    raw = RawGraph()
    x = raw.conv("x")
    made = {
        "concat": lambda: raw.concat(x, x),
        "resize": lambda: raw.resize(x, 1, 2),
        "depth_to_space": lambda: raw.depth_to_space(x, 2),
    }[kind]()
    after = run(own_outputs, raw.graph(made))
    assert kinds(after)[-1] == "Slice"
    sliced = raw.graph(raw.slice(x, (0, 0, 0), 2, 2, 2))
    assert run(own_outputs, sliced) is sliced


def test_slices_in_a_row():
    raw = RawGraph()
    rows = raw.slice("x", (1, 0, 0), 4, 6, 4)
    graph = raw.graph(raw.slice(raw.slice(rows, (0, 2, 0), 4, 3, 4), (1, 0, 1), 2, 3, 2))
    after = run(merge_slices, graph)
    assert [n.start for n in after.nodes if isinstance(n, Slice)] == [(2, 2, 1)]


def test_slices_with_steps():
    """Every second row from the first, every third column from the second, of two channels."""
    raw = RawGraph((9, 9, 4))
    rows = raw.max_pool(raw.slice("x", (1, 0, 0), 8, 9, 4), (1, 1), stride=(2, 1))
    columns = raw.max_pool(raw.slice(rows, (0, 2, 1), 3, 7, 2), (1, 1), stride=(1, 3))
    graph = raw.graph(columns)
    simple = simplify_graph(graph)
    assert_same_results(graph, simple)
    block, stride = simple.nodes
    assert isinstance(block, Slice)
    assert isinstance(stride, MaxPool)
    assert (block.start, simple.tensors[block.output].shape) == ((1, 2, 1), (5, 7, 2))
    assert stride.window.stride == (2, 3)


def test_strides_that_others_read_or_that_clamp_stay():
    raw = RawGraph()
    every = raw.max_pool("x", (1, 1), stride=(2, 1))
    graph = raw.graph(raw.slice(every, (0, 1, 0), 2, 2, 4), raw.conv(every))
    assert run(merge_slices, graph) is graph
    raw = RawGraph()
    relu = raw.clip(raw.max_pool("x", (1, 1), stride=(2, 1)))
    clamped = fuse_clip.apply(raw.graph(raw.slice(relu, (0, 1, 0), 2, 2, 4)))[0]
    assert run(merge_slices, clamped) is clamped
