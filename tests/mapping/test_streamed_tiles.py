"""Tiles that are streamed: skipping those that repeat changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder

from nnhw.ir import Graph
from nnhw.machine.gates import OutputModel
from nnhw.mapping import EngineConfig, plan_graph, predict_cycles
from nnhw.mapping.streamed_tiles import StreamedTiles


def one_by_one(self: StreamedTiles, times: int, run) -> None:
    """What `_repeat` is to do."""
    for _ in range(times):
        run()


def network(seed: int) -> Graph:
    """One or two outputs, of all kinds of layers."""
    rng = np.random.default_rng(seed)
    height, width, channels = (int(n) for n in rng.integers(1, 24, 3))
    builder = IntegerBuilder((height, width, channels), seed=seed)
    x = (
        lambda: builder.conv("x", int(rng.integers(1, 40))),
        lambda: builder.function("x"),
        lambda: builder.multiply(builder.function("x"), "x"),
        lambda: builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1)),
    )[seed % 4]()
    outputs = [x, builder.conv("x", int(rng.integers(1, 20)))] if seed % 3 == 0 else [x]
    return builder.graph(*outputs)


@pytest.mark.parametrize("seed", range(60))
def test_same_as_one_by_one(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    cols = int(rng.integers(4, 40))
    config = EngineConfig(
        rows=int(rng.integers(1, 9)),
        cols=cols,
        lanes=int(rng.integers(1, 9)),
        lane_groups=int(rng.integers(1, 5)),
        output_bytes=int(rng.choice([1, 2, 4, 8])),
        frame_buffers=int(rng.integers(1, 3)),
    )
    plan = plan_graph(network(seed), config)
    skipped = predict_cycles(plan)
    monkeypatch.setattr(StreamedTiles, "_repeat", one_by_one)
    assert predict_cycles(plan) == skipped


@pytest.mark.parametrize("kind", ["conv", "function"])
@pytest.mark.parametrize("output_bytes", [1, 8])
def test_large_output_takes_no_longer(monkeypatch, kind, output_bytes):
    """Of millions of results, a few thousand at most are followed."""
    groups = 0
    write = OutputModel.write

    def counted(self, *args, **options):
        nonlocal groups
        groups += 1
        write(self, *args, **options)

    monkeypatch.setattr(OutputModel, "write", counted)
    builder = IntegerBuilder((600, 600, 8))
    graph = builder.graph(builder.conv("x", 9) if kind == "conv" else builder.function("x"))
    config = EngineConfig(rows=8, cols=16, lanes=4, input_bytes=8, output_bytes=output_bytes)
    model = predict_cycles(plan_graph(graph, config))
    size = 600 * 600 * (9 if kind == "conv" else 8)
    assert model.interval_cycles >= size // output_bytes
    assert 0 < groups < 10_000
