"""Dense convolutions as loop nests."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from interpreter import check_program

from nnhw.ir import Window
from nnhw.mapping import EngineConfig
from nnhw.mapping.output_area import OutputColumns
from nnhw.mapping.strategies.dense import columns_abreast, dense_nest


def columns_at_once(
    window: Window, shape: tuple[int, int, int], outputs: int, config: EngineConfig
) -> int:
    columns = OutputColumns(count=window.output_size(*shape[:2])[1])
    return columns_abreast(window, shape, outputs, config, columns)


def test_neighbouring_pixels_share_a_fetch():
    """Kernel rows of 9 bytes, 6 bytes apart: 16 lanes hold two."""
    window = Window(kernel=(3, 3), stride=(2, 2), pads=(0, 0, 1, 1))
    shape, config = (96, 96, 3), EngineConfig(rows=16, cols=16, lanes=16)
    abreast = columns_at_once(window, shape, 8, config)
    assert abreast == 2
    alone = dense_nest(window, shape, 8, config)
    nest = dense_nest(window, shape, 8, config, abreast=2)
    assert (nest.last_bytes, nest.trips["chunks"], nest.tiles) == (15, 1, 1)
    assert nest.tile_size == 16
    assert 2 * nest.pixels == alone.pixels == 48 * 48
    assert nest.fetches_per_roll == alone.fetches_per_roll == 3


@pytest.mark.parametrize(
    ("shape", "window", "outputs", "abreast"),
    [
        ((4, 12, 1), Window(kernel=(1, 3)), 2, 2),  # 10 pixels of 3 bytes: 4 bytes hold two
        ((4, 12, 1), Window(kernel=(1, 3)), 5, 1),  # all columns at work
        ((4, 12, 4), Window(kernel=(1, 3)), 2, 2),  # 3 fetches of 4 bytes, or 4 for two
        ((4, 12, 4), Window(), 2, 1),  # a pixel more takes a fetch more
        ((4, 9, 1), Window(kernel=(1, 3)), 2, 1),  # 7 pixels
        ((4, 12, 1), Window(kernel=(1, 2), dilation=(1, 2)), 2, 1),  # not one run
        ((4, 12, 1), Window(), 2, 4),
        ((1, 1, 8), Window(), 2, 1),
    ],
)
def test_columns_stand_abreast_where_that_takes_fewer_fetches(shape, window, outputs, abreast):
    config = EngineConfig(rows=4, cols=8, lanes=8)
    assert columns_at_once(window, shape, outputs, config) == abreast


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 1, 1, 1), (0, 2, 0, 0)])
@pytest.mark.parametrize("channels", [1, 3])
def test_columns_abreast_compute_the_same(channels, pads, stride, lanes):
    builder = IntegerBuilder((4, 11, channels), seed=stride)
    x = builder.conv("x", 2, kernel=(2, 2), pads=pads, stride=(1, stride))
    graph = builder.graph(builder.conv(x, 3))
    config = EngineConfig(rows=9, cols=8, lanes=lanes, input_bytes=8)
    check_program(graph, builder.frames(2), config)


def test_weights_of_columns_abreast():
    builder = IntegerBuilder((1, 4, 1), bits=4)
    graph = builder.graph(builder.conv("x", 1, kernel=(1, 3)))
    (node,) = graph.nodes
    node.weight[:] = np.array([1, 2, 3]).reshape(1, 1, 3, 1)
    program = check_program(graph, builder.frames(1), EngineConfig(rows=4, cols=2, lanes=2))
    assert program.weights.tolist() == [[[1, 0], [2, 1], [3, 2], [0, 3]]]
