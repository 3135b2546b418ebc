"""Kernels that are clipped to the image."""

from __future__ import annotations

import numpy as np
import pytest
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder
from interpreter import check_program

from nnhw import golden
from nnhw.ir import Window
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.mapping.strategies.clipping import Span, clipped_spans

SAME = {"kernel": (3, 3), "pads": (1, 1, 1, 1)}
CONFIG = EngineConfig(rows=4, cols=4, lanes=4, input_bytes=8)


def test_spans_of_a_same_convolution():
    assert clipped_spans(Window(**SAME), (5, 7, 1), 0) == [
        Span(first=0, count=1, first_tap=1, taps=2),
        Span(first=1, count=3, first_tap=0, taps=3),
        Span(first=4, count=1, first_tap=0, taps=2),
    ]
    assert [span.count for span in clipped_spans(Window(**SAME), (5, 7, 1), 1)] == [1, 5, 1]


@pytest.mark.parametrize(
    "window",
    [
        Window(kernel=(10, 4), stride=(2, 2), pads=(4, 1, 5, 1)),
        Window(kernel=(3, 3), stride=(2, 2), pads=(0, 0, 1, 1)),
        Window(kernel=(3, 3), dilation=(2, 2), pads=(2, 2, 2, 2)),
        Window(kernel=(5, 5), pads=(2, 2, 2, 2)),
        Window(kernel=(1, 1)),
    ],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_spans_cover_all_that_lies_in_the_image(window, axis):
    size = (9, 8)
    spans = clipped_spans(window, (*size, 1), axis)
    at = 0
    for span in spans:
        assert span.first == at
        at += span.count
        for position in range(span.first, at):
            begin = position * window.stride[axis] - window.pads[axis]
            taps = range(window.kernel[axis])
            inside = [t for t in taps if 0 <= begin + t * window.dilation[axis] < size[axis]]
            assert inside == list(range(span.first_tap, span.first_tap + span.taps))
    assert at == window.output_size(*size)[axis]


def test_windows_in_nothing_but_padding_are_left_alone():
    window = Window(kernel=(2, 2), pads=(2, 0, 0, 0))
    assert clipped_spans(window, (4, 4, 1), 0) == [Span(first=0, count=5, first_tap=0, taps=2)]


@pytest.mark.parametrize(
    "window",
    [
        SAME,
        {"kernel": (3, 2), "stride": (2, 1), "pads": (1, 1, 1, 0)},
        {"kernel": (5, 3), "pads": (3, 0, 2, 0)},
        {"kernel": (3, 3), "dilation": (2, 1), "pads": (2, 1, 2, 1)},
    ],
)
def test_dense_convolutions_compute_the_same(window):
    builder = IntegerBuilder((6, 5, 4), seed=3)
    x = builder.conv("x", 5, **window)
    graph = builder.graph(builder.conv(x, 3))
    program = check_program(graph, builder.frames(2), CONFIG)
    layers = [layer for layer in program.layers if layer.tensor == x]
    assert len(layers) > 1
    # one memory of weights for all, and none of what lies in padding is fetched
    assert {layer.fetch.tile_weight for layer in layers} != {0}
    assert {layer.fetch.y_start for layer in layers} == {0}
    words = layers[0].fetch.chunks + 1
    rows = window["kernel"][0] * words
    assert len(program.weights) == 2 * rows + (-(-5 // 4))
    spans = clipped_spans(Window(**window), (6, 5, 4), 0)
    pixels = graph.tensors[x].shape[1]
    assert [layer.fetch.fetches for layer in layers] == [
        2 * words * span.taps * span.count * pixels for span in spans
    ]


@pytest.mark.parametrize("channels", [8, 12])
def test_columns_of_a_rolling_convolution(channels):
    builder = IntegerBuilder((5, 6, channels), seed=4)
    x = builder.depthwise(builder.conv("x", channels), **SAME)
    graph = builder.graph(builder.conv(x, 3))
    config = EngineConfig(rows=4, cols=6, lanes=8, lane_groups=2, input_bytes=8)
    program, frames = check_program(graph, builder.frames(2), config), builder.frames(3)
    layers = [layer for layer in program.layers if layer.tensor == x]
    assert [layer.fetch.taps_x + 1 for layer in layers] == [2, 3, 2]
    assert [layer.area.columns.count for layer in layers] == [1, 4, 1]
    run = run_engine(program, frames)
    assert (run.frames == golden.run(graph, frames)[graph.outputs[0].tensor].reshape(3, -1)).all()
    assert run.last_out[0] - run.first_in[0] == predict_cycles(program).latency_cycles


def test_products_are_those_that_take_place():
    builder = IntegerBuilder((4, 4, 4), seed=5)
    graph = builder.graph(builder.conv(builder.conv("x", 4, **SAME), 2))
    program = map_graph(graph, CONFIG)
    macs = [layer.macs for layer in program.layers]
    assert macs == [4 * 4 * 36, 2 * 4 * 4 * 36, 4 * 4 * 36, 16 * 8]
    assert [layer.products for layer in program.layers] == [4 * 4 * 24, macs[1], 4 * 4 * 24, 16 * 8]


def test_outputs_are_not_cut():
    """Each layer of the output stream begins with a new beat."""
    builder = IntegerBuilder((4, 4, 4), seed=5)
    program = map_graph(builder.graph(builder.conv("x", 4, **SAME)), CONFIG)
    assert len(program.layers) == 1
    assert program.padded


def test_what_gains_nothing_is_not_cut():
    """A layer that waits for its requantizers."""
    builder = IntegerBuilder((4, 4, 1), seed=5)
    graph = builder.graph(builder.conv(builder.conv("x", 4, kernel=(3, 1), pads=(1, 0, 1, 0)), 2))
    slow = EngineConfig(rows=4, cols=4, lanes=1)
    assert [len(map_graph(graph, config).layers) for config in (CONFIG, slow)] == [4, 2]


def test_sums_of_layers_that_are_cut_differently_are_fused():
    """A shortcut without padding writes the same steps as three layers with it."""
    builder = IntegerBuilder((5, 5, 4), seed=6)
    shortcut = builder.conv("x", 4)
    total = builder.add(shortcut, builder.conv("x", 4, **SAME))
    graph = builder.graph(builder.conv(total, 2))
    program = check_program(graph, builder.frames(2), CONFIG)
    adding = [layer for layer in program.layers if layer.addition]
    assert len(adding) == 3
    assert np.diff([layer.residual.source for layer in adding]).tolist() == [5, 15]
