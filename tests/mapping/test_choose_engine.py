"""The choice of an engine."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from integer_graphs import IntegerBuilder

from nnhw.errors import MappingError
from nnhw.ir import Graph
from nnhw.mapping import (
    DEFAULT_MACS,
    EngineConfig,
    choose_engine,
    plan_graph,
    predict_cycles,
    smallest_engine,
)


def interval(graph: Graph, config: EngineConfig) -> int:
    return predict_cycles(plan_graph(graph, config)).interval_cycles


def dense_network() -> Graph:
    builder = IntegerBuilder((1, 1, 24))
    return builder.graph(builder.dense(builder.dense("x", 12), 6))


def image_network() -> Graph:
    builder = IntegerBuilder((8, 8, 3))
    x = builder.conv("x", 8, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.max_pool(x, kernel=(2, 2), stride=(2, 2))
    return builder.graph(builder.dense(x, 4))


NETWORKS = (dense_network, image_network)


@pytest.mark.parametrize("macs", [1, 6, 32])
@pytest.mark.parametrize("network", NETWORKS)
def test_macs(network, macs):
    graph = network()
    config = choose_engine(graph, macs=macs)
    assert config.mac_units <= macs
    assert max(config.input_bytes, config.output_bytes) <= min(8, config.banks)
    # no configuration of the budget that is tried here is faster by more than twice 1%
    fastest = min(
        interval(
            graph, replace(config, rows=macs // cols, cols=cols, lanes=lanes, lane_groups=groups)
        )
        for cols in range(1, macs + 1)
        for lanes in (1, 2, 4)
        for groups in (1, 2)
        if groups <= cols
    )
    assert interval(graph, config) <= 1.01 * 1.01 * fastest


def test_macs_by_default():
    graph = image_network()
    assert choose_engine(graph) == choose_engine(graph, macs=DEFAULT_MACS)


@pytest.mark.parametrize(("macs", "message"), [(0, "not 0"), (-3, "not -3")])
def test_macs_wrong(macs, message):
    with pytest.raises(MappingError, match=f"^'macs' must be at least 1, {message}$"):
        choose_engine(dense_network(), macs=macs)


def test_too_many_macs():
    with pytest.raises(MappingError, match=r"^'macs' must be at most 2048, not 10000000$"):
        choose_engine(dense_network(), macs=10_000_000)


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (5, 3), (16, 2)])
@pytest.mark.parametrize("network", NETWORKS)
def test_rows_and_cols(network, rows, cols):
    config = choose_engine(network(), rows=rows, cols=cols)
    assert (config.rows, config.cols) == (rows, cols)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 4}, "'rows' and 'cols' must be given together, or neither"),
        ({"cols": 4}, "'rows' and 'cols' must be given together, or neither"),
        ({"rows": 4, "macs": 9}, "'rows' and 'cols' must be given together, or neither"),
        (
            {"rows": 4, "cols": 2, "macs": 9},
            "'macs' must not be given together with 'rows' and 'cols'",
        ),
        ({"rows": 0, "cols": 2}, "'rows' must be a positive integer, not 0"),
        ({"rows": 4, "cols": -2}, "'cols' must be a positive integer, not -2"),
        (
            {"rows": 2000, "cols": 1},
            "An array of at most 2048 multipliers, in at most 1024 rows or columns, can be built, "
            "not 2000 x 1",
        ),
    ],
)
def test_rows_and_cols_wrong(options, message):
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        choose_engine(dense_network(), **options)


def test_takes_the_smallest_array_of_about_the_same_speed():
    builder = IntegerBuilder((1, 1, 12))
    graph = builder.graph(builder.dense("x", 5))
    config = choose_engine(graph, macs=37)
    shapes = {37 // cols: cols for cols in range(1, 38)}  # that no other one contains
    intervals = {
        shape: interval(graph, replace(config, rows=shape[0], cols=shape[1], frame_buffers=2))
        for shape in shapes.items()
    }
    fastest = min(intervals.values())
    units = [rows * cols for (rows, cols), time in intervals.items() if time <= 1.01 * fastest]
    assert len(set(units)) > 1
    assert config.mac_units <= min(units)


@pytest.mark.parametrize("macs", [37, 128, 500])
def test_takes_no_row_and_no_column_that_is_of_no_use(macs):
    builder = IntegerBuilder((1, 1, 12))
    graph = builder.graph(builder.dense(builder.dense("x", 9), 5))
    config = choose_engine(graph, macs=macs)
    assert config.rows <= 12
    assert config.cols <= 9
    fast = interval(graph, replace(config, rows=12, cols=9, lanes=8, frame_buffers=2))
    if macs >= 12 * 9:
        assert interval(graph, config) <= 1.01 * fast
    for rows, cols in ((config.rows - 1, config.cols), (config.rows, config.cols - 1)):
        smaller = replace(config, rows=rows, cols=cols)
        assert interval(graph, smaller) > interval(graph, config)


def test_takes_no_more_lanes_than_are_of_use():
    builder = IntegerBuilder((1, 1, 64))
    graph = builder.graph(builder.dense(builder.dense("x", 32), 32))
    config = choose_engine(graph, rows=2, cols=4)
    assert config.lanes == 1
    faster = interval(graph, replace(config, lanes=4))
    assert 0.99 * interval(graph, config) <= faster < interval(graph, config)


def test_takes_more_lanes_where_they_make_it_faster():
    builder = IntegerBuilder((4, 4, 2))
    graph = builder.graph(builder.conv("x", 8))
    config = choose_engine(graph, rows=2, cols=8)
    assert config.lanes > 1
    assert interval(graph, config) < 0.99 * interval(graph, replace(config, lanes=1))


def test_takes_a_second_frame_buffer_just_where_it_makes_it_faster():
    loading = IntegerBuilder((4, 4, 8))
    config = choose_engine(loading.graph(loading.conv("x", 2)), rows=8, cols=2)
    assert config.frame_buffers == 2
    computing = IntegerBuilder((1, 1, 8))
    x = "x"
    for _ in range(6):
        x = computing.dense(x, 16)
    config = choose_engine(computing.graph(x), rows=2, cols=2)
    assert config.frame_buffers == 1


def test_takes_more_lane_groups_for_operations_on_channels():
    builder = IntegerBuilder((8, 8, 4))
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    config = choose_engine(builder.graph(builder.dense(x, 2)), rows=2, cols=12)
    assert config.lane_groups > 1
    assert choose_engine(dense_network(), rows=2, cols=12).lane_groups == 1


def cycles(graph: Graph, config: EngineConfig) -> tuple[int, int]:
    model = predict_cycles(plan_graph(graph, config))
    return model.interval_cycles, model.latency_cycles


@pytest.mark.parametrize("macs", [1, 6, 32, 128])
@pytest.mark.parametrize("network", NETWORKS)
def test_streams_are_as_narrow_as_costs_no_speed(network, macs):
    graph = network()
    config = choose_engine(graph, macs=macs)
    widest = min(8, config.banks)
    interval, latency = cycles(graph, replace(config, input_bytes=widest, output_bytes=widest))
    assert cycles(graph, config)[0] == interval
    assert cycles(graph, config)[1] <= 1.01 * latency
    assert config.output_bytes >= min(config.lanes, widest)
    narrower = []
    if config.input_bytes > 1:
        narrower.append(replace(config, input_bytes=config.input_bytes // 2))
    if config.output_bytes > config.lanes:
        narrower.append(replace(config, output_bytes=config.output_bytes // 2))
    for other in narrower:
        other_interval, other_latency = cycles(graph, other)
        assert other_interval > interval or other_latency > 1.01 * latency


def test_streams_of_a_slow_array_are_narrow():
    builder = IntegerBuilder((16, 16, 4))
    graph = builder.graph(builder.conv(builder.conv("x", 16, kernel=(3, 3)), 16, kernel=(3, 3)))
    config = choose_engine(graph, rows=4, cols=1)
    assert (config.input_bytes, config.output_bytes) == (1, 1)
    assert config.banks == 4


@pytest.mark.parametrize("widths", [(1, 1), (16, 1), (2, 16), (16, 16)])
def test_streams_are_as_wide_as_asked_for(widths):
    graph = image_network()
    for config in (
        choose_engine(graph, macs=6, stream_bytes=widths),
        smallest_engine(graph, interval_cycles=2000, stream_bytes=widths),
    ):
        assert (config.input_bytes, config.output_bytes) == widths
        assert config.banks >= widths[0]


def test_narrow_streams_keep_a_latency_that_is_asked_for():
    graph = image_network()
    fast = smallest_engine(graph, interval_cycles=700, stream_bytes=(8, 8))
    for latency in range(cycles(graph, fast)[1], cycles(graph, fast)[1] + 20, 2):
        config = smallest_engine(graph, interval_cycles=700, latency_cycles=latency)
        assert cycles(graph, config)[1] <= latency
