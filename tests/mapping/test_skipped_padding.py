"""Rolling depthwise convolutions leave out a first roll that would meet nothing but padding."""

from __future__ import annotations

import pytest
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder
from interpreter import check_program

from nnhw import golden
from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, map_graph, predict_cycles


def network(channels: int = 3, **window: tuple[int, ...]) -> tuple[IntegerBuilder, Graph]:
    """A depthwise convolution between two others."""
    builder = IntegerBuilder((5, 4, 3), seed=1)
    x = builder.depthwise(builder.conv("x", channels), **window)
    return builder, builder.graph(builder.conv(x, 3))


@pytest.mark.parametrize(
    ("window", "skipped"),
    [
        ({"kernel": (3, 3), "pads": (1, 1, 1, 1)}, 1),
        ({"kernel": (3, 3), "pads": (2, 0, 0, 0)}, 1),  # the second roll warms up with padding
        ({"kernel": (2, 1), "pads": (1, 0, 0, 0)}, 1),
        ({"kernel": (3, 2), "stride": (2, 1), "pads": (2, 1, 1, 0)}, 2),
        ({"kernel": (3, 3), "pads": (0, 1, 1, 1)}, 0),
        ({"kernel": (3, 3), "stride": (2, 2), "pads": (1, 1, 1, 1)}, 0),  # half of it is image
        ({"kernel": (3, 3), "stride": (3, 1), "pads": (1, 1, 1, 1)}, 0),  # a roll has all rows
        ({"kernel": (6, 1), "stride": (2, 1), "pads": (2, 0, 0, 0)}, 0),  # one output row
    ],
)
@pytest.mark.parametrize("channels", [2, 3, 9])
def test_computes_the_same(channels, window, skipped):
    builder, graph = network(channels, **window)
    config = EngineConfig(rows=4, cols=6, lanes=3, lane_groups=2, input_bytes=8)
    program = check_program(graph, builder.frames(2), config)
    layer = next(layer for layer in program.layers if layer.operator and not layer.is_dense)
    top, step = window["pads"][0], window.get("stride", (1, 1))[0]
    assert layer.fetch.y_start == (step if skipped else 0) - top
    assert (layer.drain.later_words > 0) == (skipped > 0)


@pytest.mark.parametrize("channels", [2, 9])
def test_engine_computes_the_same_in_the_predicted_time(channels):
    builder, graph = network(channels, kernel=(3, 3), pads=(1, 1, 1, 1))
    config = EngineConfig(rows=4, cols=6, lanes=3, lane_groups=2, input_bytes=8)
    program, frames = map_graph(graph, config), builder.frames(3)
    run = run_engine(program, frames)
    assert (run.frames == golden.run(graph, frames)[graph.outputs[0].tensor].reshape(3, -1)).all()
    assert run.last_out[0] - run.first_in[0] == predict_cycles(program).latency_cycles


def test_a_roll_less():
    _, graph = network(8, kernel=(3, 3), pads=(1, 1, 1, 1))
    config = EngineConfig(rows=4, cols=6, lanes=3, lane_groups=2, input_bytes=8)
    (layer,) = (layer for layer in map_graph(graph, config).layers if not layer.is_dense)
    # four columns of 5 rows: each row of the image once, and one of padding for the last tile
    assert layer.fetch.fetches == (4 * 5 + 1) * 3
    assert (layer.fetch.warmup, layer.fetch.overlaps, layer.drain.rolls) == (1, 1, 4)
