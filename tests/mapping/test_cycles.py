"""The cycle model against the engine in simulation: they agree exactly."""

from __future__ import annotations

import numpy as np
import pytest
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder
from random_networks import random_network
from residual_networks import NETWORKS as RESIDUAL_NETWORKS

from nnhw import golden
from nnhw.hdl.frame_buffer import FrameBuffer
from nnhw.ir import Graph
from nnhw.machine import RELEASE_LATENCY
from nnhw.mapping import CycleModel, EngineConfig, map_graph, plan_graph, predict_cycles


def check(builder: IntegerBuilder, graph: Graph, config: EngineConfig) -> CycleModel:
    """Compare latency and, from the second frame on, every interval; returns the model."""
    program = map_graph(graph, config)
    model = predict_cycles(program)
    frames = builder.frames(5)
    run = run_engine(program, frames)
    assert (run.frames == golden.run(graph, frames)[graph.outputs[0].tensor].reshape(5, -1)).all()
    assert run.last_out[0] - run.first_in[0] == model.latency_cycles
    assert np.diff(run.last_out)[1:].tolist() == [model.interval_cycles] * 3
    first_fetch = run.first_in[0] + model.load_cycles
    assert run.first_in[1] - first_fetch == model.next_load
    # as soon as the frame before is computed, and this one is there
    assert model.next_fetch == max(model.compute_cycles, model.next_load + model.load_cycles)
    assert run.first_out[0] - first_fetch == model.first_output
    return model


def ends_in(builder: IntegerBuilder) -> tuple[IntegerBuilder, Graph]:
    return builder, builder.graph(builder.nodes[-1].output)


def chain() -> tuple[IntegerBuilder, Graph]:
    builder = IntegerBuilder((4, 3, 3), seed=1)
    x = builder.conv("x", 5, kernel=(3, 3), pads=(1, 1, 1, 1))
    builder.dense(builder.max_pool(x, kernel=(2, 2)), 4)
    return ends_in(builder)


def depthwise() -> tuple[IntegerBuilder, Graph]:
    builder = IntegerBuilder((5, 4, 3), seed=2)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    builder.depthwise(builder.conv(x, 3), kernel=(2, 2), stride=(2, 1))
    return ends_in(builder)


def residual_to_the_stream() -> tuple[IntegerBuilder, Graph]:
    builder = IntegerBuilder((3, 2, 4), seed=3)
    x = builder.conv("x", 4)
    builder.add(x, builder.conv(x, 4))
    return ends_in(builder)


def gated() -> tuple[IntegerBuilder, Graph]:
    builder = IntegerBuilder((3, 2, 4), seed=5)
    x = builder.function("x")
    builder.multiply(x, builder.concat(builder.conv(x, 1), builder.conv(x, 3)))
    return ends_in(builder)


def one_layer(pixels: int, channels: int, outputs: int) -> tuple[IntegerBuilder, Graph]:
    builder = IntegerBuilder((1, pixels, channels), seed=4)
    builder.conv("x", outputs)
    return ends_in(builder)


@pytest.mark.parametrize("frame_buffers", [1, 2])
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("network", [chain, depthwise, residual_to_the_stream, gated])
def test_networks(network, lanes, frame_buffers):
    config = EngineConfig(
        rows=3,
        cols=4,
        lanes=lanes,
        lane_groups=lanes,
        input_bytes=4,
        output_bytes=2,
        frame_buffers=frame_buffers,
        multiplier_stages=lanes,
        scale_stages=frame_buffers,
    )
    check(*network(), config)


@pytest.mark.parametrize("number", range(len(RESIDUAL_NETWORKS)))
def test_residual_networks(number):
    builder, graph, _ = RESIDUAL_NETWORKS[number]()
    lanes = (1, 3, 4)[number % 3]
    config = EngineConfig(
        rows=4, cols=4, lanes=lanes, lane_groups=2, input_bytes=4, scale_stages=1 + lanes % 2
    )
    check(builder, graph, config)


@pytest.mark.parametrize("seed", range(100, 110))
def test_random_networks(seed):
    rng = np.random.default_rng(seed)
    config = EngineConfig(
        rows=int(rng.integers(1, 9)),
        cols=4,
        lanes=int(rng.integers(1, 6)),
        lane_groups=int(rng.integers(1, 4)),
        input_bytes=int(rng.choice([1, 4, 8])),
        output_bytes=int(rng.choice([1, 4, 8])),
        frame_buffers=int(rng.integers(1, 3)),
        tree_levels_per_stage=int(rng.integers(1, 3)),
    )
    check(*random_network(seed, largest=5), config)


@pytest.mark.parametrize("sizes", [(8, 4, 4), (2, 2, 2), (4, 4, 4, 4), (9, 3)])
@pytest.mark.parametrize("rows", [2, 4])
def test_small_networks_with_several_frames_on_their_way(sizes, rows):
    builder = IntegerBuilder((1, 1, sizes[0]), seed=6)
    x = "x"
    for size in sizes[1:]:
        x = builder.dense(x, size)
    check(builder, builder.graph(x), EngineConfig(rows=rows, cols=4, lanes=4))


@pytest.mark.parametrize("frame_buffers", [1, 2])
@pytest.mark.parametrize(
    ("pixels", "channels"),
    [(6, 8), (6, 4), (7, 8), (1, 3)],  # loading takes as long as computing, half as long, ...
)
def test_input_limited_network(pixels, channels, frame_buffers):
    config = EngineConfig(
        rows=4, cols=4, lanes=4, input_bytes=4, output_bytes=4, frame_buffers=frame_buffers
    )
    check(*one_layer(pixels, channels, 4), config)


def test_two_frame_buffers_hide_the_loading():
    network = one_layer(6, 8, 3)
    models = {
        buffers: check(
            *network, EngineConfig(rows=4, cols=3, lanes=3, input_bytes=4, frame_buffers=buffers)
        )
        for buffers in (1, 2)
    }
    loading = computing = 12
    assert models[1].interval_cycles == loading + computing
    assert models[2].interval_cycles == max(loading, computing)


@pytest.mark.parametrize(("lanes", "output_bytes"), [(4, 1), (4, 2), (6, 4), (8, 1), (3, 8)])
def test_output_limited_network(lanes, output_bytes):
    config = EngineConfig(
        rows=2, cols=9, lanes=lanes, input_bytes=8, output_bytes=output_bytes, frame_buffers=2
    )
    model = check(*one_layer(9, 2, 9), config)
    assert model.interval_cycles >= 81 / output_bytes
    if lanes > output_bytes:
        assert model.interval_cycles > 9 * -(-9 // lanes)


def test_full_output_buffer_holds_the_array_back():
    config = EngineConfig(rows=2, cols=8, lanes=8, input_bytes=8, output_bytes=1, scale_stages=1)
    model = check(*one_layer(40, 2, 8), config)
    assert model.layers[0].stream_wait > 0
    assert model.interval_cycles == 40 * 8 + 1  # and one cycle between frames


@pytest.mark.parametrize("output_bytes", [1, 2])
def test_full_output_buffer_holds_the_next_frame_back(output_bytes):
    builder, graph = one_layer(60, 4, 4)
    config = EngineConfig(
        rows=4, cols=4, lanes=4, input_bytes=4, output_bytes=output_bytes, frame_buffers=1
    )
    assert sum(layer.stream_wait for layer in check(builder, graph, config).layers) > 0


@pytest.mark.parametrize("seed", range(40))
def test_output_buffer_never_holds_the_array_back_if_beats_take_what_comes(seed):
    rng = np.random.default_rng(seed)
    _, graph = one_layer(int(rng.integers(5, 60)), 2, int(rng.integers(1, 20)))
    config = EngineConfig(
        rows=2,
        cols=int(rng.integers(1, 20)),
        lanes=int(2 ** rng.integers(0, 4)),
        output_bytes=8,
        scale_stages=int(rng.integers(1, 4)),
    )
    model = predict_cycles(plan_graph(graph, config))
    assert model.layers[0].stream_wait == 0


def test_release_latency_is_that_of_the_frame_buffer():
    assert FrameBuffer.release_latency == RELEASE_LATENCY


@pytest.mark.parametrize("seed", range(60))
def test_layers_account_for_every_cycle(seed):
    rng = np.random.default_rng(seed)
    _, graph = random_network(seed)
    config = EngineConfig(
        rows=int(rng.integers(1, 9)), cols=3, lanes=int(rng.integers(1, 4)), output_bytes=1
    )
    plan = plan_graph(graph, config)
    model = predict_cycles(plan)
    start = 0
    for layer, timing in zip(plan.layers, model.layers, strict=True):
        fetch = layer.fetch
        assert (timing.name, timing.start) == (layer.name, start)
        waits = timing.fence_wait + timing.drain_wait + timing.stream_wait
        assert min(timing.fence_wait, timing.drain_wait, timing.stream_wait) >= 0
        assert timing.cycles == timing.fetches + waits
        pixels = (fetch.out_rows + 1) * (fetch.out_cols + 1)
        a_roll = (fetch.taps_y + 1) * (fetch.taps_x + 1) * (fetch.chunks + 1)
        assert timing.fetches == pixels * (fetch.tiles + 1) * (fetch.rolls + 1) * a_roll
        assert timing.utilisation == timing.macs / (timing.cycles * config.mac_units)
        assert timing.utilisation <= 1
        start += timing.cycles
    assert start == model.compute_cycles
    macs = sum(timing.macs for timing in model.layers)
    assert model.utilisation == macs / (model.interval_cycles * config.mac_units)
    assert model.utilisation <= 1
