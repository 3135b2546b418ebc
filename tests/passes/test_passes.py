"""Each pass on its own: what it changes, what it leaves alone, and that results stay."""

from dataclasses import replace

import numpy as np
import pytest
from raw_graphs import RELU, RawGraph, assert_same_results, kinds

from nnhw.ir import Clamp, Tensor, Window
from nnhw.passes import (
    distribute_affine,
    drop_unused,
    expand_groups,
    fold_affine,
    fuse_clip,
    lower_affine,
    lower_clip,
    merge_pad,
    merge_reshape,
    own_outputs,
    simplify_graph,
)


def run(one_pass, graph):
    """Apply a pass; checks its verdict, that results stay, and that it is done at once."""
    after, changed = one_pass.apply(graph)
    assert changed == (after is not graph)
    assert_same_results(graph, after)
    return after


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_affine_into_the_convolution_before(groups):
    raw = RawGraph()
    after = run(fold_affine, raw.graph(raw.affine(raw.conv("x", 8, (3, 3), groups=groups))))
    assert kinds(after) == ["Conv"]
    assert after.nodes[0].name == "n0"
    assert after.nodes[0].output == "t1"


def test_affine_is_not_moved_over_a_clamp():
    raw = RawGraph()
    after = run(fold_affine, raw.graph(raw.affine(raw.conv("x", clamp=RELU))))
    assert kinds(after) == ["Conv", "ChannelAffine"]


@pytest.mark.parametrize(
    ("clamp", "scale", "offset", "expected"),
    [
        (RELU, 0.5, 0.0, Clamp(lo=0.0)),
        (RELU, -2.0, 0.0, Clamp(hi=0.0)),
        (RELU, 0.5, -3.0, Clamp(lo=-3.0)),
        (Clamp(lo=0.0, hi=6.0), 0.5, 1.0, Clamp(lo=1.0, hi=4.0)),
        (Clamp(lo=0.0, hi=6.0), -0.5, 1.0, Clamp(lo=-2.0, hi=1.0)),
    ],
)
@pytest.mark.parametrize("kind", ["conv", "add"])
def test_a_clamp_is_scaled_with_what_it_bounds(kind, clamp, scale, offset, expected):
    raw = RawGraph()
    if kind == "conv":
        made = raw.conv("x", clamp=clamp)
    else:
        made = raw.add("x", raw.conv("x"), clamp=clamp)
    graph = raw.graph(raw.line(made, scale, offset))
    if kind == "add" and (scale < 0 or offset):
        assert run(fold_affine, graph) is graph
        return
    after = run(fold_affine, graph)
    assert kinds(after) == kinds(graph)[:-1]
    assert after.nodes[-1].clamp == expected


@pytest.mark.parametrize("scale", [[1, 2, 3, 4], [1, -1, 1, -1], [1, 0, 1, 1]])
def test_a_clamp_that_would_differ_by_channel_stays(scale):
    raw = RawGraph()
    line = raw.line(raw.conv("x", clamp=Clamp(lo=0.0, hi=6.0)), 1.0)
    raw.nodes[-1] = replace(raw.nodes[-1], scale=np.array(scale, float))
    graph = raw.graph(line)
    assert run(fold_affine, graph) is graph


def _requantized(raw: RawGraph, kind: str) -> str:
    if kind == "average_pool":
        return raw.average_pool("x")
    return getattr(raw, kind)("x", raw.conv("x"))


REQUANTIZED = ["add", "multiply", "maximum", "average_pool"]


@pytest.mark.parametrize("kind", REQUANTIZED)
def test_a_positive_scale_is_the_gain_of_what_requantizes(kind):
    raw = RawGraph()
    made = _requantized(raw, kind)
    count = len(raw.nodes)
    after = run(fold_affine, raw.graph(raw.line(raw.line(made, 0.5), 3.0)))
    assert len(after.nodes) == count
    assert after.nodes[-1].gain == 1.5


@pytest.mark.parametrize(("scale", "offset"), [(-1.0, 0.0), (0.0, 0.0), (0.5, 1.0)])
@pytest.mark.parametrize("kind", REQUANTIZED)
def test_other_scales_are_no_gain(kind, scale, offset):
    raw = RawGraph()
    graph = raw.graph(raw.line(_requantized(raw, kind), scale, offset))
    assert run(fold_affine, graph) is graph
    raw = RawGraph()
    graph = raw.graph(raw.affine(_requantized(raw, kind), offset=False))
    assert run(fold_affine, graph) is graph


def test_affine_stays_where_the_convolution_has_another_reader():
    raw = RawGraph()
    conv = raw.conv("x")
    after = run(fold_affine, raw.graph(raw.add(conv, raw.affine(conv))))
    assert kinds(after) == ["Conv", "ChannelAffine", "Add"]


def test_affine_stays_where_the_convolution_is_an_output():
    raw = RawGraph()
    conv = raw.conv("x")
    after = run(fold_affine, raw.graph(conv, raw.affine(conv)))
    assert kinds(after) == ["Conv", "ChannelAffine"]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_affine_into_the_convolution_behind(groups):
    raw = RawGraph()
    after = run(fold_affine, raw.graph(raw.conv(raw.affine("x"), 8, (3, 3), groups=groups)))
    assert kinds(after) == ["Conv"]
    assert after.nodes[0].inputs == ("x",)


@pytest.mark.parametrize(
    ("offset", "expected"), [(True, ["ChannelAffine", "Conv"]), (False, ["Conv"])]
)
def test_offset_is_not_moved_over_padding(offset, expected):
    raw = RawGraph()
    scaled = raw.affine("x", offset=offset)
    after = run(fold_affine, raw.graph(raw.conv(scaled, 4, (3, 3), pads=(1, 1, 1, 1))))
    assert kinds(after) == expected


def test_chain_of_affines_is_folded_at_once():
    raw = RawGraph()
    after = run(fold_affine, raw.graph(raw.affine(raw.affine(raw.affine(raw.conv("x"))))))
    assert kinds(after) == ["Conv"]


@pytest.mark.parametrize("producer", ["conv", "max_pool", "average_pool", "add"])
def test_clip_into_the_operator_before(producer):
    raw = RawGraph()
    made = raw.add("x", "x") if producer == "add" else getattr(raw, producer)("x")
    after = run(fuse_clip, raw.graph(raw.clip(raw.clip(made, 0.0), -1.0, 0.5)))
    assert len(after.nodes) == 1
    assert after.nodes[0].clamp == Clamp(lo=0.0, hi=0.5)
    assert after.nodes[0].output == "t2"


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ((0, 6), (-1, 3), (0, 3)),
        ((0, 1), (2, 3), (2, 2)),
        ((2, 3), (0, 1), (1, 1)),
        ((-np.inf, 1), (0, np.inf), (0, 1)),
    ],
)
def test_clamps_one_after_the_other(first, second, both):
    raw = RawGraph()
    conv = raw.conv("x")
    after = run(fuse_clip, raw.graph(raw.clip(raw.clip(conv, *first), *second)))
    assert after.nodes[0].clamp == Clamp(lo=both[0], hi=both[1])


def test_clip_stays_where_the_result_before_it_is_needed():
    raw = RawGraph()
    conv = raw.conv("x")
    after = run(fuse_clip, raw.graph(raw.add(conv, raw.clip(conv))))
    assert kinds(after) == ["Conv", "Clip", "Add"]


def test_affine_becomes_a_depthwise_convolution():
    raw = RawGraph()
    after = run(lower_affine, raw.graph(raw.affine(raw.affine("x"))))
    assert kinds(after) == ["Conv", "ChannelAffine"]
    assert after.nodes[0].groups == 4
    assert after.nodes[0].weight.shape == (4, 1, 1, 1)


def test_clip_becomes_an_average():
    raw = RawGraph()
    after = run(lower_clip, raw.graph(raw.clip("x", -0.5, 0.5)))
    assert kinds(after) == ["AveragePool"]
    assert after.nodes[0].clamp == Clamp(lo=-0.5, hi=0.5)
    assert after.nodes[0].divisor.shape == (5, 6)


@pytest.mark.parametrize("groups", [2, 4])
def test_groups_are_expanded(groups):
    raw = RawGraph()
    after = run(expand_groups, raw.graph(raw.conv("x", 8, (3, 2), groups=groups)))
    assert after.nodes[0].groups == 1
    assert after.nodes[0].weight.shape == (8, 3, 2, 4)


def test_depthwise_is_kept():
    raw = RawGraph()
    graph = raw.graph(raw.conv("x", 4, (3, 2), groups=4))
    assert run(expand_groups, graph) is graph


@pytest.mark.parametrize("reader", ["conv", "average_pool"])
def test_pad_into_the_window_behind(reader):
    raw = RawGraph()
    padded = raw.pad("x", 1, 0, 2, 3)
    out = (
        raw.conv(padded, 4, (3, 3), pads=(1, 1, 1, 1), stride=(2, 1))
        if reader == "conv"
        else raw.average_pool(padded, (3, 3), stride=(2, 1))
    )
    after = run(merge_pad, raw.graph(out))
    assert len(after.nodes) == 1
    assert after.nodes[0].inputs == ("x",)


def test_pad_before_max_pool_is_kept():
    raw = RawGraph()
    graph = raw.graph(raw.max_pool(raw.pad("x", 1, 1, 1, 1)))
    assert run(merge_pad, graph) is graph


@pytest.mark.parametrize(
    "other",
    [
        {"window": Window(kernel=(2, 2), pads=(1, 1, 1, 1))},
        {"window": Window(stride=(2, 1), pads=(1, 1, 1, 1))},
        {"divisor": np.full((7, 8), 2)},
        {"clamp": RELU},
    ],
    ids=["kernel", "stride", "divisor", "clamp"],
)
def test_a_pool_is_not_taken_for_padding(other):
    raw = RawGraph()
    raw.pad("x", 1, 1, 1, 1)
    raw.nodes[0] = replace(raw.nodes[0], **other)
    height, width = raw.nodes[0].window.output_size(5, 6)
    raw.tensors["t0"] = Tensor(name="t0", shape=(height, width, 4))
    raw.nodes[0] = replace(raw.nodes[0], divisor=np.resize(raw.nodes[0].divisor, (height, width)))
    graph = raw.graph(raw.conv("t0"))
    assert run(merge_pad, graph) is graph


def test_reshapes_in_a_row():
    raw = RawGraph()
    reshaped = raw.reshape(raw.reshape(raw.conv("x"), 1, 1, 120), 1, 30, 4)
    after = run(drop_unused, run(merge_reshape, raw.graph(raw.conv(reshaped))))
    assert kinds(after) == ["Conv", "Reshape", "Conv"]


def test_reshape_there_and_back():
    raw = RawGraph()
    back = raw.reshape(raw.reshape(raw.conv("x"), 1, 1, 120), 5, 6, 4)
    graph = raw.graph(raw.conv(back))
    for _ in range(2):  # once to see that both together keep the shape, once to do without
        graph = run(merge_reshape, graph)
    assert kinds(run(drop_unused, graph)) == ["Conv", "Conv"]


def test_reshape_of_an_output_that_keeps_the_shape():
    raw = RawGraph()
    after = run(merge_reshape, raw.graph(raw.reshape(raw.conv("x"), 5, 6, 4)))
    assert kinds(run(drop_unused, after)) == ["Conv"]


def test_unused_nodes():
    raw = RawGraph()
    conv = raw.conv("x")
    raw.clip(raw.conv(conv))
    after = run(drop_unused, raw.graph(conv))
    assert kinds(after) == ["Conv"]
    assert set(after.tensors) == {"x", "t0"}


def test_output_that_is_the_input():
    after = run(own_outputs, RawGraph().graph("x"))
    assert kinds(after) == ["Slice"]
    assert after.outputs[0].tensor == after.nodes[0].output != "x"


def test_output_that_is_a_reshape():
    raw = RawGraph()
    after = run(own_outputs, raw.graph(raw.reshape(raw.conv("x"), 1, 1, 120)))
    assert kinds(after) == ["Conv", "Reshape", "Slice"]


def test_output_that_is_read():
    raw = RawGraph()
    conv = raw.conv("x")
    after = run(own_outputs, raw.graph(conv, raw.max_pool(conv)))
    assert kinds(after) == ["Conv", "MaxPool", "Slice"]


def test_outputs_that_are_one_tensor():
    """Neither may be streamed while it is computed: the other one needs it afterwards."""
    raw = RawGraph()
    conv = raw.conv("x")
    after, _ = own_outputs.apply(raw.graph(conv, conv))
    after = run(own_outputs, after)
    assert kinds(after) == ["Conv", "Slice", "Slice"]
    assert len({port.tensor for port in after.outputs} - {conv}) == 2
    assert run(own_outputs, after) is after


def test_sound_output_is_left_alone():
    raw = RawGraph()
    graph = raw.graph(raw.conv("x"))
    assert run(own_outputs, graph) is graph


def _positive(raw: RawGraph, x: str) -> str:
    """A positive scale and an offset for each channel."""
    result = raw.affine(x)
    raw.nodes[-1] = replace(raw.nodes[-1], scale=np.abs(raw.nodes[-1].scale) + 0.1)
    return result


POOLED = {
    "max": (lambda raw: _positive(raw, raw.max_pool(raw.conv("x", clamp=None)))),
    "max, padded": (lambda raw: _positive(raw, raw.max_pool(raw.conv("x"), pads=(1, 0, 0, 1)))),
    "max, clamped": (lambda raw: raw.line(raw.max_pool(raw.conv("x", clamp=RELU)), 0.5, 2.0)),
    "mean": (lambda raw: raw.affine(raw.average_pool(raw.conv("x")))),
    "mean, padded": (
        lambda raw: raw.affine(raw.average_pool(raw.conv("x"), pads=(0, 1, 1, 0)), offset=False)
    ),
    "sum of convolutions": (lambda raw: raw.affine(raw.add(raw.conv("x"), raw.conv("x")))),
    "sum of a sum": (lambda raw: raw.line(raw.add("x", raw.conv("x")), 0.5, 3.0)),
    "clamped sum": (lambda raw: raw.line(raw.add(raw.conv("x"), "x", clamp=RELU), 0.5, -3.0)),
    "sum with a gain": (lambda raw: raw.line(raw.add("x", raw.conv("x"), gain=3.0), 0.5, 3.0)),
    "convolutions with a gain": (
        lambda raw: raw.affine(raw.add(raw.conv("x"), raw.conv("x"), gain=3.0))
    ),
}


@pytest.mark.parametrize("build", POOLED.values(), ids=POOLED)
def test_affine_goes_ahead_to_where_convolutions_take_it_over(build):
    raw = RawGraph()
    graph = raw.graph(build(raw))
    after = run(distribute_affine, graph)
    assert kinds(after)[-1] == kinds(graph)[-2]
    simple = simplify_graph(graph)
    assert_same_results(graph, simple)
    assert kinds(simple) == kinds(graph)[:-1]


KEPT = {
    "max, negative": (lambda raw: raw.line(raw.max_pool(raw.conv("x")), -1.0)),
    "of no convolution": (lambda raw: _positive(raw, raw.max_pool("x"))),
    "padding that counts": (
        lambda raw: raw.affine(raw.average_pool(raw.conv("x"), pads=(0, 1, 1, 0)))
    ),
    "clamped": (lambda raw: _positive(raw, raw.max_pool(raw.conv("x", clamp=RELU)))),
    "one convolution only": (lambda raw: raw.affine(raw.add("x", raw.conv("x")))),
    "twice the same": (lambda raw: _twice(raw)),
}


def _twice(raw: RawGraph) -> str:
    conv = raw.conv("x")
    return raw.line(raw.add(conv, conv), 0.5, 3.0)


@pytest.mark.parametrize("build", KEPT.values(), ids=KEPT)
def test_affine_stays_where_it_would_be_no_less_work(build):
    raw = RawGraph()
    graph = raw.graph(build(raw))
    assert run(distribute_affine, graph) is graph


@pytest.mark.parametrize("read", ["conv", "sum"])
def test_affine_does_not_change_what_others_read(read):
    raw = RawGraph()
    conv = raw.conv("x")
    total = raw.add("x", conv)
    line = raw.line(total, 0.5, 3.0)
    other = conv if read == "conv" else total
    graph = raw.graph(line, other)
    assert run(distribute_affine, graph) is graph
    graph = raw.graph(raw.add(line, other))
    assert run(distribute_affine, graph) is graph
