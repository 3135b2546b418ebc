"""Properties that the hardware is fitted to, and contents of the memories."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from program_walk import walk_drain, walk_fetch, walk_write_back
from random_networks import random_network

from nnhw.isa import InstructionLayout
from nnhw.mapping import EngineConfig, Plan, Program, map_graph, plan_graph


def random_program(seed: int) -> Program:
    rng = np.random.default_rng([seed, 5])
    _, graph = random_network(seed)
    config = EngineConfig(
        rows=int(rng.choice([2, 4, 6, 8])),
        cols=int(rng.choice([2, 4])),
        lanes=int(rng.choice([1, 2, 4])),
        lane_groups=int(rng.choice([1, 2])),
        input_bytes=int(rng.choice([1, 8])),
    )
    return map_graph(graph, config)


def addresses_read(plan: Plan) -> set[int]:
    """Address of every fetch."""
    space = plan.memory.addresses.size
    return {
        (fetch.row + fetch.x) % space
        for instruction in plan.fetch
        for fetch in walk_fetch(instruction, space=space)
    }


def addresses_written(plan: Plan) -> set[int]:
    """Address of every drain step that goes to memory."""
    return {
        address
        for layer in plan.layers
        if layer.write_back.to_memory
        for address in walk_write_back(
            layer.write_back, list(walk_drain(layer.drain, lanes=plan.config.lanes))
        )
    }


def check_granularity(program: Program) -> None:
    for granularity, addresses in (
        (program.limits.read_granularity, addresses_read(program)),
        (program.limits.write_granularity, addresses_written(program)),
    ):
        assert program.config.banks % granularity == 0
        assert all(address % granularity == 0 for address in addresses)


@pytest.mark.parametrize("seed", range(60))
def test_granularity_divides_every_address(seed):
    check_granularity(random_program(seed))


@pytest.mark.parametrize("rows", [4, 6])
@pytest.mark.parametrize(
    "layer",
    [
        lambda builder: builder.dense("x", 2),
        lambda builder: builder.max_pool("x", kernel=(1, 2)),
        lambda builder: builder.function("x"),
        lambda builder: builder.add("x", "x"),
        lambda builder: builder.conv("x", 2, kernel=(2, 2), dilation=(1, 2)),
        lambda builder: builder.slice("x", (0, 0, 0), (4, 4, 20)),
    ],
    ids=["chunks", "tiles", "flat tiles", "pairs", "taps", "blocks"],
)
def test_granularity_divides_every_step(layer, rows):
    builder = IntegerBuilder((4, 4, 24))
    graph = builder.graph(layer(builder))
    program = map_graph(graph, EngineConfig(rows=rows, cols=2, lanes=2, input_bytes=8))
    check_granularity(program)
    assert program.limits.read_granularity == (2 if rows == 6 else 4)


def test_granularity_is_as_coarse_as_the_network_allows():
    builder = IntegerBuilder((4, 4, 8))
    x = builder.conv(builder.conv("x", 8, kernel=(3, 3), pads=(1, 1, 1, 1)), 16)
    graph = builder.graph(builder.dense(x, 4))
    program = map_graph(graph, EngineConfig(rows=8, cols=8, lanes=4, input_bytes=8))
    assert (program.config.banks, program.limits.read_granularity) == (8, 8)
    assert program.limits.write_granularity == 4
    program = map_graph(graph, EngineConfig(rows=16, cols=8, lanes=4, input_bytes=8))
    assert (program.config.banks, program.limits.read_granularity) == (16, 8)


@pytest.mark.parametrize("seed", range(60))
def test_output_counts(seed):
    program = random_program(seed)
    steps = walk_drain(program.drain[-1], lanes=program.config.lanes)
    assert program.limits.output_counts == {step.count for step in steps}


@pytest.mark.parametrize("seed", range(20))
def test_plan_is_the_program_without_contents(seed):
    program = random_program(seed)
    plan = plan_graph(random_network(seed)[1], program.config)
    assert type(plan) is Plan
    assert plan.instructions == program.instructions
    assert [layer.nest for layer in plan.layers] == [layer.nest for layer in program.layers]
    assert all(
        getattr(program, name) == value for name, value in vars(plan).items() if name != "layers"
    )


@pytest.mark.parametrize("seed", range(20))
def test_contents(seed):
    program = random_program(seed)
    rows, cols, lanes = program.config.rows, program.config.cols, program.config.lanes
    is_wide = program.machine.datapath.widths.weight > 8
    assert program.weights.dtype == (np.int16 if is_wide else np.int8)
    assert program.weights.shape[1:] == (rows, cols)
    assert program.parameters.dtype == np.int64
    assert program.parameters.shape[1:] == (lanes, 3)
    assert program.shifts == tuple(sorted(set(program.shifts)))
    fetches = {
        fetch.weight_address
        for instruction in program.fetch
        for fetch in walk_fetch(instruction, space=program.memory.addresses.size)
    }
    assert fetches == set(range(len(program.weights)))
    words = {
        word
        for instruction in program.drain
        for step in walk_drain(instruction, lanes=lanes)
        for word in step.parameters
    }
    assert words == set(range(len(program.parameters)))


def test_widths_are_the_least_that_hold_the_worst_case():
    builder = IntegerBuilder((1, 1, 2), bits=4)
    graph = builder.graph(builder.dense("x", 1))
    (node,) = graph.nodes
    node.weight[:] = [[[[7, -8]]]]
    node.bias[:] = 100
    node.requantize.multiplier[:] = 37
    zero = graph.tensors["x"].q.zero_point
    frames = np.array([(a, b) for a in range(-8, 8) for b in range(-8, 8)])
    sums = frames @ [7, -8]
    widths = map_graph(graph, EngineConfig(rows=2, cols=1)).widths

    def signed_bits(values: np.ndarray) -> int:
        return max(len(f"{max(v, ~v):b}") + 1 if v not in (0, -1) else 1 for v in values.tolist())

    assert widths.activation == 4
    assert widths.accumulator == signed_bits(sums)
    assert widths.operand == signed_bits(sums + zero + 100)
    assert widths.bias == signed_bits(np.array([100 + zero]))
    assert widths.multiplier == 6
    assert widths.weight == node.weight_bits


def test_memory_bits():
    builder = IntegerBuilder((3, 3, 4), bits=8)
    graph = builder.graph(builder.dense(builder.conv("x", 6, kernel=(2, 2)), 5))
    config = EngineConfig(rows=4, cols=3, lanes=3, input_bytes=8)
    program = map_graph(graph, config)
    widths = program.widths
    lane = widths.bias + widths.multiplier + (len(program.shifts) - 1).bit_length()
    layouts = [InstructionLayout.fit(p) for p in (program.fetch, program.drain, program.write_back)]
    assert program.machine.memory_bits() == {
        "weights": (2 * 4 + 2 * 6) * 12 * widths.weight,  # 4 or 6 words for each of 2 tiles
        "activations": 3 * 8 * 8,  # 24 bytes in rows of 8
        "frame_buffer": 2 * 5 * 8 * 8,  # 36 bytes in rows of 8, twice
        "parameters": 4 * 3 * lane,
        "residuals": 0,
        "program": 2 * sum(layout.width for layout in layouts),
    }
