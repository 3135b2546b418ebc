"""Images stored by the parity of their columns, for depthwise convolutions with a stride of two."""

from __future__ import annotations

import numpy as np
import pytest
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder
from interpreter import check_program

from nnhw import golden
from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, Program, map_graph, predict_cycles
from nnhw.mapping.output_area import OutputColumns
from nnhw.mapping.strategies.parity import parity_columns

CONFIG = EngineConfig(rows=4, cols=8, lanes=4, lane_groups=2, input_bytes=8)


def network(
    channels: int = 2, width: int = 8, left: int = 0, **window: tuple[int, ...]
) -> tuple[IntegerBuilder, Graph]:
    """A dense convolution, the depthwise one, and another one."""
    builder = IntegerBuilder((5, width, 3), seed=1)
    window = {"kernel": (3, 3), "stride": (2, 2), "pads": (0, left, 1, 1), **window}
    x = builder.depthwise(builder.conv("x", channels), **window)
    return builder, builder.graph(builder.conv(x, 3))


def depthwise_fetches(program: Program) -> int:
    (layer,) = (layer for layer in program.layers if layer.fetch.rolls)
    return layer.fetch.fetches


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("left", [0, 1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 2), (3, 5), (1, 4)])
@pytest.mark.parametrize("rows", [1, 2])
def test_computes_the_same(rows, kernel, left, channels):
    builder, graph = network(channels, left=left, kernel=kernel, stride=(rows, 2))
    program = check_program(graph, builder.frames(2), CONFIG)
    assert [layer.area is not None for layer in program.layers] == [True, True, False, False]


@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize("groups", [1, 2])
def test_engine_computes_the_same_in_the_predicted_time(groups, left):
    builder, graph = network(left=left, kernel=(3, 3 + 2 * left))
    config = EngineConfig(rows=4, cols=8, lanes=4, lane_groups=groups, input_bytes=8)
    program, frames = map_graph(graph, config), builder.frames(3)
    run = run_engine(program, frames)
    assert (run.frames == golden.run(graph, frames)[graph.outputs[0].tensor].reshape(3, -1)).all()
    assert run.last_out[0] - run.first_in[0] == predict_cycles(program).latency_cycles


def test_lanes_hold_only_pixels_that_count():
    """Four pixels of two channels in 8 lanes, two strips of three rolls of 2 x 3 taps."""
    _, graph = network(width=16)
    assert depthwise_fetches(map_graph(graph, CONFIG)) == 2 * (2 + 1) * 2 * 3


@pytest.mark.parametrize(("left", "first"), [(0, (0, 1)), (1, (1, 0)), (2, (0, 1))])
def test_first_kernel_column_meets_the_first_half(left, first):
    _, graph = network(left=left)
    (halves,) = parity_columns(graph, CONFIG).values()
    assert halves == tuple(OutputColumns(first=column, step=2, count=4) for column in first)


@pytest.mark.parametrize(
    "window",
    [
        {"channels": 8},  # a fetch has no room for two pixels
        {"channels": 3},  # pixels of 3 bytes do not fill 8 lanes
        {"width": 7},  # the halves differ
        {"stride": (2, 1)},
        {"kernel": (3, 1)},
        {"dilation": (1, 2)},
        {"kernel": (6, 3), "stride": (1, 2), "pads": (2, 0, 2, 1)},  # does not roll
    ],
)
def test_other_images_are_stored_as_they_are(window):
    builder, graph = network(**window)
    assert not parity_columns(graph, CONFIG)
    check_program(graph, builder.frames(1), CONFIG)


def test_image_with_two_readers_is_stored_as_it_is():
    builder = IntegerBuilder((4, 4, 2), seed=1)
    x = builder.conv("x", 2)
    y = builder.depthwise(x, kernel=(3, 3), stride=(2, 2), pads=(0, 0, 1, 1))
    graph = builder.graph(builder.dense(y, 2), builder.dense(x, 2))
    assert not parity_columns(graph, CONFIG)


def test_halves_share_weights_and_parameters():
    builder, graph = network()
    program = check_program(graph, builder.frames(1), CONFIG)
    first, second = program.layers[:2]
    assert first.fetch.weight_base == second.fetch.weight_base
    assert first.drain.parameter_base == second.drain.parameter_base
    assert first.macs == second.macs
    assert np.diff([layer.offset for layer in (first, second)]) == first.size // 2
