"""Programs, interpreted instruction by instruction, against the golden model."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from interpreter import check_program
from random_networks import random_network

from nnhw.errors import MappingError
from nnhw.ir import Add, Node
from nnhw.isa import Operation, ParameterMode
from nnhw.mapping import EngineConfig, map_graph, node_macs

SEEDS = range(200)


def random_config(seed: int) -> EngineConfig:
    """Small, of odd sizes."""
    rng = np.random.default_rng([seed, 4])
    rows, cols, lanes = (int(rng.integers(1, limit)) for limit in (10, 7, 7))
    lane_groups = int(rng.integers(1, cols + 1))
    return EngineConfig(
        rows=rows,
        cols=cols,
        lanes=lanes,
        lane_groups=lane_groups,
        column_slices=min(cols, 1 + seed % 2),
        lane_slices=min(cols // lane_groups, 1 + (seed % 4 == 3)),
        input_bytes=int(2 ** rng.integers(0, 4)),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks(seed):
    builder, graph = random_network(seed)
    check_program(graph, builder.frames(2), random_config(seed))


def test_random_networks_use_all_that_there_is():
    programs = [map_graph(random_network(seed)[1], random_config(seed)) for seed in SEEDS]
    layers = [layer for program in programs for layer in program.layers]
    kinds = {(layer.operator, Operation(layer.fetch.operation).name) for layer in layers}
    assert kinds == {
        ("QConv", "DOT"),
        ("QConv", "LANE_SUM"),
        ("QMaxPool", "LANE_MAX"),
        ("QAdd", "LANE_PAIR"),
        ("QMultiply", "LANE_PAIR"),
        *((operator, "LANE_SUM") for operator in ("QAveragePool", "QConcat", "QFunction")),
        *((operator, "LANE_SUM") for operator in ("Slice", "Resize", "DepthToSpace", "Transpose")),
    }
    assert {layer.drain.parameter_mode for layer in layers} == set(ParameterMode)
    assert {program.padded for program in programs} == {False, True}
    assert {program.widths.multiplier > 0 for program in programs} == {False, True}
    assert max(program.limits.lane_slots for program in programs) == 3
    assert {layer.drain.joined for layer in layers} == {0, 1}
    for field in ("rolls", "warmup", "tiles", "chunks", "taps_y", "taps_x", "fence", "chase"):
        assert any(getattr(layer.fetch, field) for layer in layers), field


@pytest.mark.parametrize("lane_groups", [1, 2, 4])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 5), (4, 1)])
def test_depthwise(kernel, stride, lane_groups):
    builder = IntegerBuilder((9, 7, 2), seed=stride)
    x = builder.depthwise("x", kernel=kernel, stride=(stride, 1), pads=(1, 1, 0, 2))
    x = builder.depthwise(x, kernel=(1, 2), stride=(stride, 2), pads=(0, 0, 0, 1))
    config = EngineConfig(rows=4, cols=4, lanes=3, lane_groups=lane_groups)
    check_program(builder.graph(builder.dense(x, 3)), builder.frames(2), config)


def test_depthwise_to_the_stream_keeps_the_order_of_pixels():
    builder = IntegerBuilder((5, 4, 3))
    graph = builder.graph(builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1)))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=3, cols=6, lane_groups=2))
    assert program.fetch[0].rolls == 0


@pytest.mark.parametrize(
    ("window", "fetches"),
    [
        ({"kernel": (3, 3)}, 9),  # 3 rows of 9 bytes, 4 bytes a fetch
        ({"kernel": (3, 3), "dilation": (1, 2)}, 9),  # 9 runs of 3 bytes
        ({"kernel": (2, 7)}, 11),  # whole image rows: one run of 42 bytes
        ({"kernel": (2, 7), "pads": (0, 1, 0, 0)}, 12),  # 2 rows of 21 bytes
        ({"kernel": (1, 4)}, 3),
        ({"kernel": (1, 1)}, 1),
    ],
)
def test_runs_are_as_long_as_the_memory_is_contiguous(window, fetches):
    builder = IntegerBuilder((7, 7, 3))
    graph = builder.graph(builder.conv("x", 2, **window))
    program = check_program(graph, builder.frames(1), EngineConfig(rows=4, cols=2))
    fetch = program.fetch[0]
    assert (fetch.taps_y + 1) * (fetch.taps_x + 1) * (fetch.chunks + 1) == fetches


def test_results_that_nothing_reads_do_no_harm():
    builder = IntegerBuilder((2, 3, 4), seed=1)
    x = builder.conv("x", 4)
    builder.conv("x", 8)
    builder.conv(x, 2)
    graph = builder.graph(builder.dense(x, 2))
    check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4))


def test_layers_without_weights_share_a_word():
    builder = IntegerBuilder((4, 4, 3), seed=1)
    x = builder.max_pool("x", kernel=(2, 2))
    x = builder.conv(x, 3)
    x = builder.average_pool(x, kernel=(2, 2))
    program = check_program(
        builder.graph(builder.dense(x, 2)), builder.frames(1), EngineConfig(rows=3, cols=3)
    )
    assert [i.weight_base for i in program.fetch[::2]] == [0, 0]
    assert [i.tile_weight or i.chunk_weight for i in program.fetch] == [0, 0, 0, 1]
    assert len(program.weights) == 1 + 1 + 4


def test_macs_are_those_of_the_definition():
    builder = IntegerBuilder((5, 4, 3))
    x = builder.conv("x", 6, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.depthwise(x, kernel=(2, 2))
    x = builder.max_pool(x, kernel=(2, 2))
    graph = builder.graph(builder.dense(x, 7))
    macs = [5 * 4 * 6 * 9 * 3, 4 * 3 * 6 * 4, 0, 3 * 2 * 6 * 7]
    assert [node_macs(node, graph) for node in graph.nodes] == macs
    program = map_graph(graph, EngineConfig(rows=4, cols=4))
    layers = [layer for layer in program.layers if layer.name == graph.nodes[0].name]
    assert [layer.macs for layer in layers] == [4 * 6 * 9 * 3, 3 * 4 * 6 * 9 * 3, 4 * 6 * 9 * 3]
    assert [layer.products * 9 / layer.macs for layer in layers] == [6, 9, 6]
    assert [layer.macs for layer in program.layers[3:]] == macs[1:]
    assert program.macs == sum(macs)


@pytest.mark.parametrize(
    "last",
    [
        lambda builder, x: builder.concat(x, x),
        lambda builder, x: builder.resize(x, (2, 1)),
        lambda builder, x: builder.depth_to_space(x, 2),
    ],
)
def test_map_graph_wrong_scattered_output(last):
    builder = IntegerBuilder((2, 2, 4))
    output = last(builder, builder.conv("x", 4))
    message = f"Output '{output}' is put together from parts, which a stream cannot do; copy it"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        map_graph(builder.graph(output), EngineConfig(rows=1, cols=1))


def test_tables_are_as_wide_as_the_datapath():
    builder = IntegerBuilder((1, 2, 2), bits=4)
    x = builder.function("x")
    builder.bits = 8
    graph = builder.graph(builder.dense(x, 2))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=2))
    (table,) = program.tables
    assert (table.shape, table.dtype) == ((256,), np.int8)
    assert (table[120:136] == graph.nodes[0].table).all()


def test_map_graph_wrong_sign():
    builder = IntegerBuilder((1, 1, 4), bits=8)
    graph = builder.graph(builder.dense("x", 3))
    quantization = replace(graph.tensors["x"].q, signed=False, zero_point=0)
    tensors = dict(graph.tensors) | {"x": replace(graph.tensors["x"], quantization=quantization)}
    message = "Tensors must be signed in the engine; unsigned: ['x']"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        map_graph(replace(graph, tensors=tensors), EngineConfig(rows=1, cols=1))


def test_map_graph_wrong_without_operators():
    builder = IntegerBuilder((1, 2, 4))
    graph = builder.graph(builder.reshape("x", (2, 1, 4)))
    with pytest.raises(MappingError, match=r"^Output 't0' is read by a node or computed by none"):
        map_graph(graph, EngineConfig(rows=1, cols=1))


def test_map_graph_wrong_groups():
    builder = IntegerBuilder((2, 2, 4))
    x = builder.conv("x", 4, groups=2)
    message = "Node 'node0' has 2 groups; only 1 and one a channel can be mapped"
    with pytest.raises(MappingError, match=f"^{message}$"):
        map_graph(builder.graph(x), EngineConfig(rows=1, cols=1))


def test_map_graph_wrong_node():
    builder = IntegerBuilder((1, 1, 4))
    a = builder.add("x", "x")
    graph = builder.graph(a)
    nodes: tuple[Node, ...] = (Add(name="plus", inputs=("x", "x"), output=a),)
    message = "Node 'plus' (Add) has no mapping to the engine"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        map_graph(replace(graph, nodes=nodes), EngineConfig(rows=1, cols=1))
