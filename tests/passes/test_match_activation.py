"""Functions written as several operators; the patterns themselves are tested from ONNX on."""

import math

import numpy as np
import pytest
from raw_graphs import RawGraph, assert_same_results, kinds

from nnhw.ir import ChannelAffine, Function, Graph
from nnhw.passes import drop_unused, fuse_clip, match_activation, simplify_graph


def matched(graph: Graph) -> Graph:
    after, changed = match_activation.apply(graph)
    assert changed
    assert_same_results(graph, after)
    return drop_unused.apply(after)[0]


def assert_unmatched(graph: Graph) -> None:
    assert match_activation.apply(graph) == (graph, False)


def test_constants_are_collected_in_one_gain():
    """(2 x) * (3 sigmoid(0.5 x)) = 6 x sigmoid(0.5 x), which is 6 swish(x)."""
    raw = RawGraph()
    gate = raw.line(raw.function(raw.line("x", 0.5), "sigmoid"), 3)
    after = matched(raw.graph(raw.multiply(gate, raw.line("x", 2))))
    function, gain = after.nodes
    assert isinstance(function, Function)
    assert isinstance(gain, ChannelAffine)
    assert (function.function, function.parameters) == ("swish", (0.5,))
    np.testing.assert_allclose(gain.scale, 6)


def test_what_others_read_stays():
    raw = RawGraph()
    gate = raw.function("x", "sigmoid")
    after = matched(raw.graph(raw.multiply("x", gate), raw.max_pool(gate)))
    assert sorted(kinds(after)) == ["ChannelAffine", "Function", "Function", "MaxPool"]


@pytest.mark.parametrize(
    ("scale", "offset"), [(1.0, 1.0), (0.7071, 0.5)], ids=["argument", "offset"]
)
def test_other_constants_are_no_gelu(scale: float, offset: float):
    raw = RawGraph()
    factor = raw.line(raw.function(raw.line("x", scale), "erf"), 1, offset)
    assert_unmatched(raw.graph(raw.multiply("x", factor)))


def test_other_ramp_is_no_hard_swish():
    raw = RawGraph()
    for upper, offset in ((6.0, 2.0), (5.0, 3.0), (math.inf, 3.0)):
        ramp = raw.clip(raw.line("x", 1, offset), 0.0, upper)
        assert_unmatched(raw.graph(raw.multiply("x", ramp)))


def test_gate_of_another_tensor():
    raw = RawGraph()
    a, b = raw.conv("x"), raw.conv("x")
    assert_unmatched(raw.graph(raw.multiply(a, raw.function(b, "sigmoid"))))


def test_scales_of_their_own_for_each_channel():
    raw = RawGraph()
    gate = raw.function(raw.affine("x", offset=False), "sigmoid")
    assert_unmatched(raw.graph(raw.multiply("x", gate)))


def test_offset_factor():
    raw = RawGraph()
    shifted = raw.line("x", 1, 0.5)
    assert_unmatched(raw.graph(raw.multiply(shifted, raw.function("x", "sigmoid"))))


def test_clamped_product_is_left_alone_and_its_clamp_kept():
    raw = RawGraph()
    product = raw.multiply("x", raw.function("x", "sigmoid"))
    graph = raw.graph(raw.conv(raw.clip(product, 0.0, 1.0)))
    simple = simplify_graph(graph)
    assert_same_results(graph, simple)
    assert kinds(simple) == ["Function", "AveragePool", "Conv"]
    raw = RawGraph()
    product = raw.multiply("x", raw.function("x", "sigmoid"))
    assert_unmatched(fuse_clip.apply(raw.graph(raw.clip(product, 0.0, 1.0)))[0])
