"""The search for an engine against one that looks at every candidate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from integer_graphs import IntegerBuilder

from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, candidates, choose_engine, plan_graph, predict_cycles
from nnhw.mapping import smallest_engine as search_smallest
from nnhw.mapping.candidates import Candidate, EngineSpace, array_shapes
from nnhw.mapping.narrow import narrowest_streams
from nnhw.mapping.shrink import shrink_shape


def dense_network() -> Graph:
    builder = IntegerBuilder((1, 1, 24))
    return builder.graph(builder.dense(builder.dense("x", 12), 6))


def image_network() -> Graph:
    builder = IntegerBuilder((8, 8, 3))
    x = builder.conv("x", 8, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1))
    x = builder.depthwise(x, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1))
    return builder.graph(builder.dense(x, 4))


def residual_network() -> Graph:
    builder = IntegerBuilder((6, 6, 4))
    x = builder.conv("x", 6, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.add(x, builder.conv(x, 6))
    x = builder.max_pool(x, kernel=(2, 2), stride=(2, 2))
    return builder.graph(builder.multiply(x, builder.function(x)))


NETWORKS = (dense_network, image_network, residual_network)


def interval(graph: Graph, config: EngineConfig) -> int:
    return predict_cycles(plan_graph(graph, config)).interval_cycles


def latency(graph: Graph, config: EngineConfig) -> int:
    return predict_cycles(plan_graph(graph, config)).latency_cycles


def exhaustive_choice(graph: Graph, shapes: list[tuple[int, int]], *, shrink: bool) -> EngineConfig:
    """`choose_engine` by definition."""
    space = EngineSpace(graph, "portable")

    def smallest(some: list[Candidate], limit: float) -> EngineConfig:
        good = [c for c in some if interval(graph, c.config) <= limit]
        return min(good, key=lambda c: (c.hardware, interval(graph, c.config))).config

    everything = space.candidates(shapes)
    limit = 1.02 * min(interval(graph, c.config) for c in everything)
    config = smallest(everything, limit)
    if shrink:
        shape = shrink_shape(
            config.rows,
            config.cols,
            lambda *shape: interval(graph, space.reshaped(config, *shape).config) <= limit,
        )
        config = smallest(space.candidates([shape]), limit)
    single = replace(config, frame_buffers=1)
    return narrowest_streams(space, single if interval(graph, single) <= limit else config)


@pytest.mark.parametrize("macs", [1, 6, 20])
@pytest.mark.parametrize("network", NETWORKS)
def test_budget(network, macs):
    graph = network()
    expected = exhaustive_choice(graph, array_shapes(macs), shrink=True)
    assert choose_engine(graph, macs=macs) == expected


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (4, 8)])
@pytest.mark.parametrize("network", NETWORKS)
def test_shape(network, shape):
    graph = network()
    rows, cols = shape
    expected = exhaustive_choice(graph, [shape], shrink=False)
    assert choose_engine(graph, rows=rows, cols=cols) == expected


@pytest.mark.parametrize("limited", [interval, latency])
@pytest.mark.parametrize("network", NETWORKS)
def test_smallest(network, limited):
    """Of the least number of multipliers with which the limit can be kept, the least hardware."""
    graph = network()
    fast = choose_engine(graph, macs=7)
    limit = limited(graph, fast)
    space = EngineSpace(graph, "portable")
    for macs in (1, 2, 3, 4, 5, 6, 7):
        good = [
            c for c in space.candidates(array_shapes(macs)) if limited(graph, c.config) <= limit
        ]
        if good:
            break
    best = min(good, key=lambda candidate: candidate.hardware).config
    single = replace(best, frame_buffers=1)
    found = single if limited(graph, single) <= limit else best
    most = limit if limited is latency else None
    expected = narrowest_streams(space, found, latency=most)
    assert search_smallest(graph, **{f"{limited.__name__}_cycles": limit}) == expected


def test_plans_few_candidates(monkeypatch):
    planned = 0

    def counted(*args):
        nonlocal planned
        planned += 1
        return plan_graph(*args)

    monkeypatch.setattr(candidates, "plan_graph", counted)
    builder = IntegerBuilder((32, 32, 3))
    x = builder.conv("x", 16, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph = builder.graph(builder.conv(x, 32))
    choose_engine(graph, macs=64)
    everything = EngineSpace(graph, "portable").candidates(array_shapes(64))
    assert 0 < planned < len(everything) / 5
