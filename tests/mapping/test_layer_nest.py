"""What follows from a loop nest, against the instruction that it becomes, walked step by step."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from program_walk import walk_drain, walk_fetch
from random_networks import random_network

from nnhw.ir import Window
from nnhw.isa import ROW, X, Y
from nnhw.mapping import EngineConfig, map_graph, plan_graph
from nnhw.mapping.memory_plan import overread_bytes

SEEDS = range(40)


def random_config(seed: int) -> EngineConfig:
    rng = np.random.default_rng([seed, 14])
    return EngineConfig(
        rows=int(rng.integers(1, 8)),
        cols=4,
        lanes=int(rng.integers(1, 5)),
        lane_groups=int(rng.integers(1, 4)),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_extents_are_those_of_all_fetches(seed):
    config = random_config(seed)
    plan = plan_graph(random_network(seed)[1], config)
    for layer in plan.layers:
        base = plan.memory.address(layer.inputs[0])
        # so many addresses that none wraps; short runs are taken for whole ones
        fetches = list(walk_fetch(layer.fetch, space=1 << 40))
        if layer.is_paired or layer.nest.last_run_short:
            continue
        rows = [f.row - layer.fetch.source + layer.nest.starts[ROW] for f in fetches]
        assert layer.nest.extent(ROW) == (min(rows), max(rows))
        assert layer.nest.extent(X) == (min(f.x for f in fetches), max(f.x for f in fetches))
        assert layer.nest.extent(Y) == (min(f.y for f in fetches), max(f.y for f in fetches))
        assert (base + layer.nest.starts[ROW]) % plan.memory.addresses.size == layer.fetch.source


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_and_fetches_are_those_of_the_instructions(seed):
    config = random_config(seed)
    for layer in plan_graph(random_network(seed)[1], config).layers:
        nest = layer.nest
        steps = list(walk_drain(layer.drain, lanes=config.lanes))
        assert nest.total_steps(config) == len(steps)
        results = nest.pixels * nest.finishing_rolls * nest.results_per_pixel
        assert results == sum(step.count for step in steps)
        assert nest.fetches_per_roll == layer.fetch.fetches_per_roll


@pytest.mark.parametrize("seed", SEEDS)
def test_memories_have_room_for_all_that_fetches_touch_and_no_more(seed):
    _, graph = random_network(seed)
    config = random_config(seed)
    plan = plan_graph(graph, config)
    if plan.padded:
        assert overread_bytes(plan.layers, graph, config) == {}
        return
    size, banks = plan.memory.addresses.size, config.banks
    ends = {True: 0, False: 0}
    for layer in plan.layers:
        width = config.rows if layer.is_dense else config.fetch_width
        for fetch in walk_fetch(layer.fetch, space=size):
            address = (fetch.row + fetch.x) % size
            in_frame = address >= plan.memory.addresses.frame_base
            start = plan.memory.addresses.frame_base if in_frame else 0
            ends[in_frame] = max(ends[in_frame], address + width - start)
    tensors = max((buffer.end for buffer in plan.memory.buffers.values()), default=0)
    assert plan.memory.depth == -(-max(ends[False], tensors) // banks)
    assert plan.memory.frame_depth == -(-max(ends[True], plan.input_size) // banks)


@pytest.mark.parametrize("operator", ["conv", "max_pool"])
@pytest.mark.parametrize(
    "window",
    [
        Window(kernel=(3, 3)),
        Window(kernel=(3, 3), pads=(0, 0, 1, 1)),
        Window(kernel=(2, 2), stride=(2, 2), pads=(0, 0, 1, 1)),  # never reached
        Window(kernel=(3, 3), stride=(2, 1), pads=(0, 0, 1, 0)),
        Window(kernel=(3, 3), stride=(2, 1), pads=(1, 0, 0, 0)),
        Window(kernel=(1, 3), stride=(1, 3), pads=(0, 0, 0, 2)),  # reached to the right alone
        Window(kernel=(1, 3), stride=(1, 2), pads=(0, 0, 0, 1)),
        Window(kernel=(2, 2), dilation=(1, 3), pads=(0, 2, 0, 2)),
    ],
)
def test_padding_counts_where_a_window_meets_it(operator, window):
    builder = IntegerBuilder((4, 4, 3), seed=1)
    arguments = {name: getattr(window, name) for name in ("kernel", "stride", "pads", "dilation")}
    channels = (2,) if operator == "conv" else ()
    graph = builder.graph(getattr(builder, operator)("x", *channels, **arguments))
    meets = False
    for axis, outputs in enumerate(window.output_size(4, 4)):
        starts = np.arange(outputs) * window.stride[axis] - window.pads[axis]
        taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]
        meets |= bool(((taps < 0) | (taps >= 4)).any())
    for rows in (2, 4, 16):
        assert map_graph(graph, EngineConfig(rows=rows, cols=4)).padded == meets


@pytest.mark.parametrize(
    ("height", "stride", "padded"),
    [
        (5, 1, False),
        (7, 2, True),  # the last roll has a row more than the image
        (8, 2, False),
    ],
)
def test_rolls_read_whole_numbers_of_rows(height, stride, padded):
    builder = IntegerBuilder((height, 3, 4), seed=1)
    x = builder.depthwise("x", kernel=(3, 1), stride=(stride, 1))
    graph = builder.graph(builder.conv(x, 2))
    program = map_graph(graph, EngineConfig(rows=4, cols=4, lanes=2))
    assert program.fetch[0].rolls > 0
    assert program.padded == padded


def test_joined_strips_read_padding():
    """The last roll of all but the last strip is left out; that of the last one meets padding."""
    builder = IntegerBuilder((4, 3, 4), seed=1)
    x = builder.depthwise("x", kernel=(3, 1), pads=(0, 0, 1, 0))
    program = map_graph(builder.graph(builder.conv(x, 2)), EngineConfig(rows=4, cols=4, lanes=2))
    assert program.fetch[0].overlaps
    assert program.padded
    assert program.layers[0].nest.extent(Y) == (0, 4)
