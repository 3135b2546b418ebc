"""Data that have to be moved in memory: in few layers, and only where they have to."""

from __future__ import annotations

from itertools import permutations
from math import prod

import numpy as np
import pytest
from onnx_models import check, model, node, normal
from operator_case import ints

from nnhw.frontend.builder import Builder
from nnhw.frontend.layout import Layout
from nnhw.frontend.moving import moved
from nnhw.frontend.value import Value
from nnhw.ir import Conv, Graph, Transpose, move_elements
from nnhw.passes import simplify_graph


def moves(graph: Graph) -> int:
    return sum(isinstance(node, Transpose) for node in graph.nodes)


def dense_layers(graph: Graph) -> int:
    return sum(isinstance(node, Conv) for node in simplify_graph(graph).nodes)


@pytest.mark.parametrize("sizes", [(2, 3), (4, 2, 3), (3, 2, 5, 4), (2, 3, 2, 3, 2)])
def test_any_order(sizes):
    elements = np.arange(prod(sizes))
    for order in permutations(range(len(sizes))):
        build = Builder()
        shape = (1, 1, prod(sizes))
        layout = Layout(sizes, tuple((i,) for i in range(len(sizes))))
        tensor = build.tensor("x", shape)
        value = Value(tensor=tensor, shape=shape, layout=layout, elem_type=1)
        there = moved(build, value, order)
        array = elements.reshape(1, *shape)
        for made in build.nodes:
            array = move_elements(made, array, build.tensors[made.output].shape)
        assert there.layout.shape == sizes
        np.testing.assert_array_equal(
            array.ravel(), elements.reshape(sizes).transpose(order).ravel()
        )
        np.testing.assert_array_equal(array.ravel(), there.layout.to_memory(elements))
        count = sum(isinstance(made, Transpose) for made in build.nodes)
        assert count <= max(1, len(sizes) - 2), "three blocks are permuted at once"
        assert (count == 0) == (order == tuple(range(len(sizes))))


def shuffle(source: str, result: str, name: str) -> list:
    return [
        node("Reshape", f"{source} s5", f"{name}5"),
        node("Transpose", f"{name}5", f"{name}t", perm=[0, 2, 1, 3, 4]),
        node("Reshape", f"{name}t s4", result),
    ]


SHUFFLED = {"s5": ints(1, 2, 4, 3, 5), "s4": ints(1, 8, 3, 5)}


def test_channel_shuffle_and_split(tmp_path):
    """ShuffleNetV2: the convolution of one half reads its channels in the order that is there, and
    the other half moves to be joined with its result."""
    nodes = [
        node("Conv", "x k", "c"),
        node("Relu", "c", "r"),
        node("Concat", "c r", "j", axis=1),
        *shuffle("j", "h", "one"),
        node("Split", "h", "a b", axis=1),
        node("Conv", "b w", "d"),
        node("Concat", "a d", "e", axis=1),
        *shuffle("e", "y", "two"),
    ]
    constants = {**SHUFFLED, "k": normal(4, 3, 1, 1), "w": normal(4, 4, 3, 3)}
    nodes[7].attribute.append(node("Conv", "", pads=[1, 1, 1, 1]).attribute[0])
    graph = check(model(nodes, (1, 3, 3, 5), constants, opset=13), tmp_path)
    assert moves(graph) == 1
    assert dense_layers(graph) == 2


@pytest.mark.parametrize("sizes", [(2, 6), (4, 4), (3, 5)])
def test_split_across_groups(sizes, tmp_path):
    """Where a part is no block in memory, all of it moves, once for all parts."""
    nodes = [
        node("Relu", "x", "r"),
        *shuffle("r", "h", "one"),
        node("Split", "h n", "a b", axis=1),
        node("Concat", "b a", axis=1),
    ]
    graph = check(model(nodes, (1, 8, 3, 5), {**SHUFFLED, "n": ints(*sizes)}), tmp_path)
    # To be joined along an axis that is scattered in memory, parts move that are not in order.
    assert moves(graph) == (2 if sizes == (4, 4) else 1)


def test_flattened_heads(tmp_path):
    """YOLO: boxes of two scales in one list."""
    nodes, boxes = [], []
    for name, stride in (("large", 1), ("small", 2)):
        nodes += [
            node("Conv", f"x k{name}", f"c{name}", strides=[stride, stride]),
            node("Reshape", f"c{name} s{name}", f"r{name}"),
            node("Transpose", f"r{name}", f"t{name}", perm=[0, 1, 3, 4, 2]),
            node("Reshape", f"t{name} boxes", f"b{name}"),
        ]
        boxes.append(f"b{name}")
    constants = {
        **{"klarge": normal(6, 3, 1, 1), "ksmall": normal(6, 3, 1, 1), "boxes": ints(1, -1, 3)},
        **{"slarge": ints(1, 2, 3, 4, 6), "ssmall": ints(1, 2, 3, 2, 3)},
    }
    nodes.append(node("Concat", " ".join(boxes), axis=1))
    graph = check(model(nodes, (1, 3, 4, 6), constants), tmp_path)
    assert moves(graph) == 2


def test_steps_of_a_sequence(tmp_path):
    """OCR with a CTC head: each column of an image becomes a step of all its rows and channels."""
    nodes = [
        node("Conv", "x k", "c"),
        node("Transpose", "c", "t", perm=[0, 3, 1, 2]),
        node("Reshape", "t s", "r"),
        node("MatMul", "r w"),
    ]
    constants = {"k": normal(4, 3, 1, 1), "s": ints(1, 6, 8), "w": normal(8, 5)}
    graph = check(model(nodes, (1, 3, 2, 6), constants), tmp_path)
    assert [made.perm for made in graph.nodes if isinstance(made, Transpose)] == [(1, 0, 2)]


def test_patches_and_channels_in_turn(tmp_path):
    """ResMLP: a layer across patches between two within, with a residual around each."""
    nodes = [
        node("Transpose", "x", "t", perm=[0, 2, 1]),
        node("MatMul", "t a", "m"),
        node("Transpose", "m", "u", perm=[0, 2, 1]),
        node("Add", "x u", "s"),
        node("MatMul", "s b", "n"),
        node("Add", "s n"),
    ]
    graph = check(model(nodes, (1, 6, 4), {"a": normal(6, 6), "b": normal(4, 4)}), tmp_path)
    assert moves(graph) == 2


def test_rows_become_columns(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("Transpose", "c", "t", perm=[0, 1, 3, 2]),
        node("Conv", "t w"),
    ]
    constants = {"k": normal(4, 3, 1, 1), "w": normal(2, 4, 3, 2)}
    assert moves(check(model(nodes, (1, 3, 4, 6), constants), tmp_path)) == 1


@pytest.mark.parametrize("join", ["Add", "Mul", "Concat"])
def test_join_of_different_orders(join, tmp_path):
    axis = {"axis": 1} if join == "Concat" else {}
    nodes = [
        node("Conv", "x k", "c"),
        node("Transpose", "c", "t", perm=[0, 1, 3, 2]),
        node(join, "c t", **axis),
    ]
    assert moves(check(model(nodes, (1, 4, 5, 5), {"k": normal(4, 4, 1, 1)}), tmp_path)) == 1


def test_axes_apart_in_memory(tmp_path):
    nodes = [node("Conv", "x k", "c"), node("ReduceMean", "c", axes=[1, 2])]
    graph = check(model(nodes, (1, 3, 4, 5), {"k": normal(3, 3, 1, 1)}, opset=13), tmp_path)
    assert moves(graph) == 1


def test_rows_are_picked(tmp_path):
    nodes = [node("Relu", "x", "r"), node("Gather", "r i", axis=2)]
    graph = check(model(nodes, (1, 3, 4, 5), {"i": ints(2, 0, 3)}), tmp_path)
    assert moves(graph) == 1


@pytest.mark.parametrize("picks", [[[0, 1, 2], [3, 4, 5]], [[5, 0], [2, 2]]])
def test_indices_of_several_axes(picks, tmp_path):
    nodes = [node("Conv", "x k", "c"), node("Gather", "c i", axis=1)]
    constants = {"k": normal(6, 3, 1, 1), "i": np.array(picks)}
    check(model(nodes, (1, 3, 4, 5), constants), tmp_path)


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (1, 48), (1, 6, 8), (1, 4, 12)])
def test_reshape_across_axes(shape, tmp_path):
    nodes = [node("Conv", "x k", "c"), node("Reshape", "c s", "r"), node("Relu", "r")]
    constants = {"k": normal(3, 3, 1, 1), "s": ints(*shape)}
    graph = check(model(nodes, (1, 3, 2, 8), constants), tmp_path)
    assert moves(graph) == (shape == (1, 4, 12)), "12 are neither a row nor part of one"


def test_output_of_four_blocks(tmp_path):
    """The host permutes three axes; what is in more pieces moves before."""
    nodes = [
        node("Conv", "x k", "c"),
        node("Reshape", "c s", "r"),
        node("Transpose", "r", perm=[0, 4, 2, 3, 1]),
    ]
    constants = {"k": normal(6, 3, 1, 1), "s": ints(1, 2, 3, 4, 5)}
    check(model(nodes, (1, 3, 4, 5), constants), tmp_path)
