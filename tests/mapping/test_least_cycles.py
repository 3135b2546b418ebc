"""Lower bounds of the cycle model: never above it, and close to it."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, plan_graph, predict_cycles
from nnhw.mapping.bounds import least_cycles


def random_engine(rng: np.random.Generator) -> EngineConfig:
    cols = int(rng.integers(1, 25))
    lane_groups = int(rng.integers(1, min(cols, 8) + 1))
    return EngineConfig(
        rows=int(rng.integers(1, 13)),
        cols=cols,
        lanes=int(rng.integers(1, 9)),
        lane_groups=lane_groups,
        column_slices=min(cols, int(rng.integers(1, 3))),
        lane_slices=min(cols // lane_groups, int(rng.integers(1, 3))),
        input_bytes=int(rng.choice([1, 4, 8])),
        output_bytes=int(rng.choice([1, 4, 8])),
        frame_buffers=int(rng.integers(1, 3)),
    )


def check(graph: Graph, configs: list[EngineConfig]) -> None:
    least = least_cycles(graph, configs)
    for config, interval, latency in zip(configs, least.interval, least.latency, strict=True):
        cycles = predict_cycles(plan_graph(graph, config))
        assert 0 < interval <= cycles.interval_cycles, config
        assert 0 < latency <= cycles.latency_cycles, config


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed):
    rng = np.random.default_rng(seed)
    _, graph = random_network(seed)
    check(graph, [random_engine(rng) for _ in range(3)])


@pytest.mark.parametrize("seed", range(60))
def test_random_windows(seed):
    """Dense and depthwise convolutions and pools of every shape, in images with padding."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(7, 13, 2))
    builder = IntegerBuilder((height, width, int(rng.choice([1, 2, 3, 4, 8]))), seed=seed)
    x = builder.conv("x", int(rng.choice([2, 3, 4, 8])), kernel=(3, 3), pads=(1, 1, 1, 1))
    operator = (builder.depthwise, builder.max_pool, builder.average_pool)[seed % 3]
    kernel, stride = rng.integers(1, 6, 2).tolist(), rng.integers(1, 4, 2).tolist()
    pads = [int(rng.integers(0, size)) for size in (*kernel, *kernel)]
    x = operator(x, kernel=tuple(kernel), stride=tuple(stride), pads=tuple(pads))
    if seed % 2:
        x = builder.conv(x, 5, kernel=(2, 2), pads=(1, 1, 1, 0), dilation=(1, 2))
    check(builder.graph(x), [random_engine(rng) for _ in range(4)])


@pytest.mark.parametrize("lanes", [1, 4, 16])
@pytest.mark.parametrize(("rows", "cols", "groups"), [(8, 16, 1), (4, 16, 4), (16, 4, 1)])
def test_close(rows, cols, groups, lanes):
    builder = IntegerBuilder((24, 24, 3))
    x = builder.conv("x", 16, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1))
    x = builder.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph = builder.graph(builder.conv(x, 24))
    config = EngineConfig(
        rows=rows, cols=cols, lanes=lanes, lane_groups=groups, input_bytes=8, output_bytes=8
    )
    least = least_cycles(graph, [config])
    cycles = predict_cycles(plan_graph(graph, config))
    assert least.interval[0] >= 0.95 * cycles.interval_cycles
    assert least.latency[0] >= 0.95 * cycles.latency_cycles


def test_limited_by_the_streams():
    builder = IntegerBuilder((8, 8, 8))
    graph = builder.graph(builder.conv("x", 1), builder.conv("x", 24))
    engine = {"rows": 8, "cols": 25, "lanes": 25}
    slow_in = EngineConfig(**engine, input_bytes=1, output_bytes=8)
    slow_out = EngineConfig(**engine, input_bytes=8, output_bytes=1)
    assert least_cycles(graph, [slow_in, slow_out]).interval.tolist() == [8 * 64, 25 * 64]
    check(graph, [slow_in, slow_out])
