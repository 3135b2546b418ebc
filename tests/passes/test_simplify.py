"""All passes together, on random graphs and on cases where their order matters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_graphs import RawGraph, assert_same_results, kinds

from nnhw.ir import (
    Add,
    AveragePool,
    Clamp,
    Concat,
    Conv,
    Function,
    Graph,
    MaxPool,
    Move,
    Multiply,
    Reshape,
    Slice,
)
from nnhw.passes import PASSES, simplify_graph

COMPUTED = Conv | MaxPool | AveragePool | Add | Multiply | Function


def assert_simple(graph: Graph) -> None:
    """What `simplify_graph` promises."""
    read = {name for node in graph.nodes for name in node.inputs}
    outputs = {port.tensor for port in graph.outputs}
    for node in graph.nodes:
        assert isinstance(node, COMPUTED | Concat | Move)
        assert node.output in read | outputs
        if isinstance(node, Conv) and node.groups != 1:
            channels = graph.tensors[node.inputs[0]].shape[2]
            assert node.groups == channels == len(node.weight)
        if isinstance(node, Reshape):
            assert not isinstance(graph.writer(node.inputs[0]), Reshape)
            assert graph.tensors[node.output].shape != graph.tensors[node.inputs[0]].shape
    for port in graph.outputs:
        assert isinstance(graph.writer(port.tensor), COMPUTED | Slice)
    assert not outputs & read


@st.composite
def raw_graphs(draw) -> Graph:
    """A random sequence of operators, each on a random tensor made so far."""
    raw = RawGraph((4, 4, 4), seed=draw(st.integers(0, 1000)))
    names = ["x"]

    def step(kind: str, x: str) -> str:
        height, width, channels = raw.shape(x)
        if kind == "conv":
            kernel = (draw(st.integers(1, min(2, height))), draw(st.integers(1, min(2, width))))
            pads = draw(st.sampled_from([(0, 0, 0, 0), (1, 0, 0, 1)]))
            groups = draw(st.sampled_from([g for g in (1, 2, 4) if channels % g == 0]))
            out = draw(st.sampled_from([4, 8]))
            return raw.conv(x, out, kernel, groups=groups, pads=pads)
        if kind in ("max_pool", "average_pool"):
            return getattr(raw, kind)(x, (min(2, height), min(2, width)), stride=(1, 2))
        if kind == "pad" and height * width * channels < 200:
            return raw.pad(x, *draw(st.sampled_from([(1, 1, 1, 1), (0, 0, 2, 0), (0, 0, 0, 0)])))
        if kind == "affine":
            return raw.affine(x, offset=draw(st.booleans()))
        if kind == "reshape":
            return raw.reshape(
                x,
                *draw(
                    st.sampled_from(
                        [
                            (1, height * width, channels),
                            (height, width, channels),
                            (1, 1, height * width * channels),
                        ]
                    )
                ),
            )
        if kind in ("add", "multiply"):
            same = [name for name in names if raw.shape(name) == raw.shape(x)]
            return getattr(raw, kind)(x, draw(st.sampled_from(same)))
        if kind == "concat" and channels <= 8:
            size = raw.shape(x)[:2]
            same = [name for name in names if raw.shape(name)[:2] == size]
            return raw.concat(x, draw(st.sampled_from(same)))
        if kind == "function":
            return raw.function(x, draw(st.sampled_from(["sigmoid", "tanh", "softplus"])))
        if kind == "stride":
            return raw.max_pool(x, (1, 1), stride=draw(st.sampled_from([(2, 1), (2, 3)])))
        if kind == "slice":
            start = [draw(st.integers(0, size // 2)) for size in raw.shape(x)]
            shape = [size - at for size, at in zip(raw.shape(x), start, strict=True)]
            return raw.slice(x, tuple(start), *shape)
        if kind == "resize" and height * width * channels < 200:
            return raw.resize(x, *draw(st.sampled_from([(1, 2), (2, 2), (3, 2), (1, 1)])))
        if kind == "depth_to_space" and channels % 4 == 0:
            return raw.depth_to_space(x, 2)
        return raw.clip(x, *draw(st.sampled_from([(0.0, 6.0), (-0.5, 0.5), (0.2, 0.4)])))

    steps = (
        *("conv", "max_pool", "average_pool", "pad", "affine", "clip", "reshape", "add"),
        *("multiply", "concat", "function", "slice", "stride", "resize", "depth_to_space"),
    )
    for _ in range(draw(st.integers(0, 8))):
        # Mostly the newest tensor, so that chains come about that can be fused.
        x = draw(st.sampled_from([names[-1]] * 3 + names))
        names.append(step(draw(st.sampled_from(steps)), x))
    return raw.graph(names[-1])


@settings(max_examples=150, deadline=None)
@given(raw_graphs())
def test_random_graphs(graph):
    simple = simplify_graph(graph)
    assert_same_results(graph, simple)
    assert_simple(simple)
    assert not any(apply(simple)[1] for apply in PASSES)


def test_normalized_input_of_a_padded_convolution():
    """Subtracting a mean and dividing by a deviation is one layer, not two."""
    raw = RawGraph()
    normalized = raw.affine(raw.affine("x"), offset=False)
    simple = simplify_graph(raw.graph(raw.conv(normalized, 4, (3, 3), pads=(1, 1, 1, 1))))
    assert kinds(simple) == ["Conv", "Conv"]


def test_convolution_normalization_activation():
    raw = RawGraph()
    simple = simplify_graph(raw.graph(raw.clip(raw.affine(raw.conv("x", 8, (3, 3))), 0.0, 6.0)))
    assert kinds(simple) == ["Conv"]
    assert simple.nodes[0].clamp == Clamp(lo=0.0, hi=6.0)


def test_clips_of_the_input_are_one_copy():
    raw = RawGraph()
    simple = simplify_graph(raw.graph(raw.clip(raw.clip("x", -1.0, 1.0), 0.0)))
    assert kinds(simple) == ["AveragePool"]
    assert simple.nodes[0].clamp == Clamp(lo=0.0, hi=1.0)


def test_residual_block():
    raw = RawGraph()
    a = raw.clip(raw.affine(raw.conv("x", 4, (3, 3), pads=(1, 1, 1, 1))))
    b = raw.affine(raw.conv(a, 4, (3, 3), pads=(1, 1, 1, 1)))
    simple = simplify_graph(raw.graph(raw.clip(raw.add("x", b))))
    assert kinds(simple) == ["Conv", "Conv", "Add"]
    assert_same_results(raw.graph(raw.nodes[-1].output), simple)


@pytest.mark.parametrize("nodes", [0, 1])
def test_graph_of_nothing_but_views(nodes):
    raw = RawGraph()
    output = raw.reshape("x", 1, 1, 120) if nodes else "x"
    assert_simple(simplify_graph(raw.graph(output)))
