"""Additions that need no layer of their own, and the memory that keeps residuals."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from interpreter import check_program
from program_walk import walk_drain, walk_write_back
from random_networks import random_network
from residual_networks import NETWORKS, SAME, basic_block, projection_shortcut, vectors

from nnhw.mapping import EngineConfig, Program, map_graph
from nnhw.mapping.fusion import written_steps
from nnhw.mapping.strategies import plan_layers

CONFIG = EngineConfig(rows=4, cols=4, lanes=2, input_bytes=4)
CONFIGS = (
    CONFIG,
    EngineConfig(rows=3, cols=4, lanes=3),
    EngineConfig(rows=4, cols=6, lanes=1, lane_groups=2),
    EngineConfig(rows=2, cols=6, lanes=8, lane_groups=2),
)


def additions(program: Program) -> dict[str, str]:
    """By tensor: the node whose addition takes place when it is written."""
    return {layer.tensor: layer.addition for layer in program.layers if layer.addition}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("network", NETWORKS)
def test_networks(network, config):
    """Every layer that can add does, and all results are those of the golden model."""
    builder, graph, sums = network()
    program = check_program(graph, builder.frames(3), config)
    fused = additions(program)
    assert {tensor: tensor in fused for tensor in sums} == sums
    assert all(graph.writer(tensor).name == node for tensor, node in fused.items())
    assert len(program.layers) >= len(graph.nodes) - len(fused)
    assert bool(program.residual) == bool(fused) == bool(program.residual_depth)


def test_a_shortcut_that_nothing_else_reads_is_kept_in_the_residual_memory_alone():
    _, graph, _ = projection_shortcut()
    program = map_graph(graph, CONFIG)
    shortcut, adding = program.layers[1], next(la for la in program.layers if la.addition)
    assert (shortcut.residual.store, shortcut.write_back.residual_only) == (1, 1)
    assert not shortcut.write_back.to_memory
    assert (adding.residual.add, adding.residual.source) == (1, shortcut.residual.destination)
    # a step of 2 of the 6 channels that 2 * 2 pixels have
    assert program.residual_depth == 2 * 2 * (2 + 1)
    assert program.machine.memory_bits()["residuals"] == 12 * 2 * program.widths.activation


def test_what_adds_in_turn_takes_the_place_of_what_it_has_added():
    builder = IntegerBuilder((3, 3, 4), seed=1)
    x = builder.conv("x", 4)
    for _ in range(3):
        x = builder.add(x, builder.conv(x, 4, **SAME))
    program = check_program(builder.graph(builder.dense(x, 2)), builder.frames(2), CONFIG)
    assert len(additions(program)) == 3
    assert program.residual_depth == 3 * 3 * 2


def test_tensors_that_are_kept_at_the_same_time_have_places_of_their_own():
    builder = IntegerBuilder((2, 2, 4), seed=1)
    x = builder.conv("x", 4)
    y = builder.conv(x, 4)
    z = builder.add(y, builder.conv(y, 4))
    program = check_program(
        builder.graph(builder.dense(builder.add(x, builder.conv(z, 4)), 2)),
        builder.frames(2),
        CONFIG,
    )
    assert len(additions(program)) == 2
    assert program.residual_depth == 2 * (2 * 2 * 2)


def test_activation_memory_does_not_hold_what_the_residual_memory_does():
    """Input and result of the second convolution are all that it holds at a time."""
    _, graph, _ = basic_block()
    program = map_graph(graph, EngineConfig(rows=4, cols=4, lanes=1, input_bytes=4))
    assert program.memory.depth * 4 == 2 * -(-2 * 3 * 5 // 4) * 4


def test_a_layer_waits_for_a_residual_of_too_few_steps():
    builder, graph, _ = vectors()
    program = map_graph(graph, CONFIG)
    assert [layer.fetch.fence for layer in program.layers[:2]] == [0, 1]
    builder = IntegerBuilder((4, 4, 4), seed=10)
    x, y = builder.conv("x", 4), builder.conv("x", 4)
    program = check_program(
        builder.graph(builder.dense(builder.add(x, y), 3)), builder.frames(2), CONFIG
    )
    assert len(additions(program)) == 1
    assert [layer.fetch.fence for layer in program.layers[:2]] == [0, 0]


def test_outputs_leave_in_the_order_of_the_ports():
    """The layer that adds would be the first, but waits for its turn."""
    builder = IntegerBuilder((2, 2, 4), seed=1)
    x, y = builder.conv("x", 4), builder.conv("x", 4)
    first = builder.conv("x", 3)
    second = builder.add(x, y)
    program = check_program(builder.graph(first, second), builder.frames(2), CONFIG)
    assert [layer.tensor for layer in program.streamed] == [first, second]
    assert program.streamed[1].addition


def test_a_strip_cannot_be_streamed():
    """Two depthwise convolutions write in the same order, but not in that of the stream."""
    config = EngineConfig(rows=4, cols=6, lanes=2)
    builder = IntegerBuilder((4, 3, 4), seed=2)
    a, b = (builder.depthwise("x", **SAME) for _ in range(2))
    total = builder.add(a, b)
    program = check_program(builder.graph(total), builder.frames(2), config)
    assert not additions(program)
    program = check_program(builder.graph(builder.conv(total, 2)), builder.frames(2), config)
    assert additions(program).keys() == {total}


def test_layers_that_do_not_add_have_the_constants_of_one_that_does():
    _, graph, _ = basic_block()
    program = map_graph(graph, CONFIG)
    same = ("bias", "multiplier", "residual_bias", "residual_multiplier", "shift", "lo", "hi")
    assert all(len({getattr(i, name) for i in program.residual}) == 1 for name in same)
    assert [i.add for i in program.residual] == [0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize("seed", range(30))
def test_written_steps_are_those_of_drain_and_write_back(seed):
    rng = np.random.default_rng([seed, 8])
    _, graph = random_network(seed)
    config = EngineConfig(
        rows=int(rng.integers(1, 6)),
        cols=4,
        lanes=int(rng.integers(1, 6)),
        lane_groups=int(rng.integers(1, 3)),
    )
    parts = {(part.node.name, part.offset): part for part in plan_layers(graph, config)}
    for layer in map_graph(graph, config).layers:
        part = parts[layer.name, layer.offset]
        if not part.in_order or not layer.write_back.to_memory:
            continue
        steps = list(walk_drain(layer.drain, lanes=config.lanes))
        addresses = walk_write_back(layer.write_back, steps)
        walked = [
            (address - layer.write_back.destination + layer.offset, step.count)
            for address, step in zip(addresses, steps, strict=True)
        ]
        assert written_steps([part], graph, config).tolist() == [list(step) for step in walked]
