"""The smallest engine that is fast enough: it is, and nothing smaller would be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from integer_graphs import IntegerBuilder

from nnhw.errors import MappingError
from nnhw.frontend import load_model
from nnhw.machine import MOST_MACS
from nnhw.mapping import choose_engine, plan_graph, predict_cycles, smallest_engine
from nnhw.mapping.candidates import EngineSpace, array_shapes
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def graph():
    float_graph = simplify_graph(load_model(EXAMPLES / "digits_mlp.onnx"))
    shape = float_graph.tensors[float_graph.inputs[0].tensor].shape
    calibration = np.random.default_rng(0).uniform(0, 16, (16, *shape)).astype(np.float32)
    return quantize(float_graph, calibration, QuantizeOptions())


def _cycles(graph, config):
    return predict_cycles(plan_graph(graph, config))


@pytest.mark.parametrize("interval", [80, 333, 6000])
def test_interval(graph, interval):
    config = smallest_engine(graph, interval_cycles=interval)
    assert _cycles(graph, config).interval_cycles <= interval
    fewest = -(-config.mac_units * 4 // 5)
    if fewest > 1:
        # with less than four fifths of its multipliers, the fastest of all engines is too slow,
        # within the 2% for which choose_engine prefers less hardware
        fewer = choose_engine(graph, macs=fewest - 1)
        assert _cycles(graph, fewer).interval_cycles > interval / 1.02


@pytest.mark.parametrize("seed", range(6))
def test_least_hardware(seed):
    """Of all engines that have a quarter more multipliers than necessary, and are fast enough."""
    builder = IntegerBuilder((6, 5, 5), seed=seed)
    x = builder.depthwise(builder.conv("x", 6, kernel=(3, 3)), kernel=(2, 2))
    graph = builder.graph(builder.dense(x, 7))
    interval = 1.05 * _cycles(graph, choose_engine(graph, macs=20 + seed)).interval_cycles
    config = smallest_engine(graph, interval_cycles=interval, stream_bytes=(8, 8))
    space = EngineSpace(graph, "portable", stream_bytes=(8, 8))
    fast = [
        candidate
        for macs in range(1, config.mac_units + 1)
        for candidate in space.candidates(array_shapes(macs))
        if candidate.is_fast_enough(interval=interval)
    ]
    least = min(fast, key=lambda candidate: candidate.hardware)
    assert space.timed([replace(config, frame_buffers=2)])[0].hardware == least.hardware


def test_latency(graph):
    config = smallest_engine(graph, latency_cycles=200)
    assert _cycles(graph, config).latency_cycles <= 200


def test_both(graph):
    config = smallest_engine(graph, interval_cycles=1000, latency_cycles=150)
    assert _cycles(graph, config).latency_cycles <= 150


def test_keeps_the_second_frame_buffer_where_it_is_needed():
    builder = IntegerBuilder((4, 4, 8))
    graph = builder.graph(builder.conv("x", 2))
    fast = choose_engine(graph, rows=8, cols=2)
    config = smallest_engine(graph, interval_cycles=_cycles(graph, fast).interval_cycles)
    assert (fast.frame_buffers, config.frame_buffers) == (2, 2)
    assert _cycles(graph, config).interval_cycles <= _cycles(graph, fast).interval_cycles


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        ({"interval_cycles": 1}, r"a frame every 1 cycles \(best: \d+\)"),
        ({"latency_cycles": 3.4}, r"a latency of 3 cycles \(best: \d+\)"),
        (
            {"interval_cycles": 1, "latency_cycles": 3},
            r"a frame every 1 cycles \(best: \d+\) and a latency of 3 cycles \(best: \d+\)",
        ),
    ],
)
def test_limits_wrong(graph, limits, asked):
    with pytest.raises(
        MappingError,
        match=rf"^No engine of at most {MOST_MACS} multipliers reaches {asked}; "
        "ask for less or raise the clock frequency$",
    ):
        smallest_engine(graph, **limits)


def test_limits_missing(graph):
    with pytest.raises(
        MappingError, match=r"^'interval_cycles' or 'latency_cycles' must be given$"
    ):
        smallest_engine(graph)
