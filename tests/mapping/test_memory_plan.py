"""Places of tensors in the activation memory."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw.ir import Graph, Reshape
from nnhw.mapping import MemoryPlan, plan_memory
from nnhw.mapping.memory_plan import Request, place_buffers


def lifetimes(graph: Graph) -> dict[str, tuple[int, int, int]]:
    """By stored tensor: layer that writes it, last layer that reads it or a view, and its size."""
    layers = [node for node in graph.nodes if not isinstance(node, Reshape)]
    source = {name: name for name in graph.tensors}
    for node in graph.nodes:
        if isinstance(node, Reshape):
            source[node.output] = source[node.inputs[0]]
    result = {}
    for number, node in enumerate(layers):
        if node.output != graph.outputs[0].tensor:
            result[node.output] = (number, number, graph.tensors[node.output].size)
        for name in node.inputs:
            if source[name] in result:
                first, _, size = result[source[name]]
                result[source[name]] = (first, number, size)
    return result


def check(graph: Graph, plan: MemoryPlan, banks: int) -> None:
    """What every plan must hold."""
    stored = lifetimes(graph)
    assert {
        name: (buffer.first, buffer.last, buffer.size) for name, buffer in plan.buffers.items()
    } == stored
    for buffer in plan.buffers.values():
        assert buffer.address % banks == 0
        assert buffer.address + buffer.size <= plan.depth * banks
        assert plan.address(buffer.tensor) == buffer.address
    for a, b in itertools.combinations(plan.buffers.values(), 2):
        both_live = a.first <= b.last and b.first <= a.last
        overlap = a.address < b.address + b.size and b.address < a.address + a.size
        assert not (both_live and overlap), f"{a} and {b}"


@pytest.mark.parametrize("banks", [1, 4, 16])
@pytest.mark.parametrize("seed", range(40))
def test_live_tensors_never_overlap(seed, banks):
    _, graph = random_network(seed)
    plan = plan_memory(graph, banks=banks, beat_bytes=1, overread={})
    check(graph, plan, banks)
    frame = graph.tensors["x"].size
    assert plan.frame_depth == math.ceil(frame / banks)
    assert plan.address("x") == plan.addresses.frame_base


def test_residual_stays_until_its_last_reader():
    builder = IntegerBuilder((2, 2, 3))
    a = builder.conv("x", 3)
    b = builder.conv(builder.conv(a, 3), 3)
    graph = builder.graph(builder.dense(builder.add(a, b), 2))
    plan = plan_memory(graph, banks=4, beat_bytes=1, overread={})
    check(graph, plan, 4)
    assert (plan.buffers[a].first, plan.buffers[a].last) == (0, 3)


def test_chain_takes_the_two_largest_neighbours():
    builder = IntegerBuilder((4, 4, 2))
    x = "x"
    for channels in (4, 8, 4, 8, 2):
        x = builder.conv(x, channels)
    graph = builder.graph(builder.dense(x, 2))
    plan = plan_memory(graph, banks=8, beat_bytes=1, overread={})
    check(graph, plan, 8)
    assert plan.depth * 8 == 4 * 4 * (8 + 4)


def test_view_has_the_place_of_its_source():
    builder = IntegerBuilder((2, 3, 4))
    a = builder.conv("x", 5)
    b = builder.reshape(builder.reshape(a, (5, 3, 2)), (1, 1, 30))
    graph = builder.graph(builder.dense(b, 2))
    plan = plan_memory(graph, banks=4, beat_bytes=1, overread={})
    assert plan.roots[b] == a
    assert plan.address(b) == plan.address(a)


def test_view_of_the_frame_is_the_frame():
    builder = IntegerBuilder((2, 3, 4))
    view = builder.reshape("x", (1, 1, 24))
    plan = plan_memory(builder.graph(builder.dense(view, 2)), banks=4, beat_bytes=1, overread={})
    assert (plan.roots[view], plan.address(view)) == ("x", plan.addresses.frame_base)


@pytest.mark.parametrize(
    ("beat_bytes", "overread", "offset", "frame_depth"),
    [
        (1, {}, 9, 4),
        (4, {}, 12, 5),
        (8, {}, 16, 6),
        (8, {"x": 20, "z": 1}, 16, 8),
        (8, {"z": 4}, 16, 7),
    ],
)
def test_inputs_follow_each_other_in_whole_beats(beat_bytes, overread, offset, frame_depth):
    builder = IntegerBuilder((1, 3, 3))
    builder.tensors["z"] = replace(builder.tensors["x"], name="z", shape=(1, 1, 5))
    graph = builder.graph(builder.add("z", builder.dense("x", 5)), inputs=("x", "z"))
    plan = plan_memory(graph, banks=4, beat_bytes=beat_bytes, overread=overread)
    assert plan.address("x") == plan.addresses.frame_base
    assert plan.address("z") == plan.addresses.frame_base + offset
    assert plan.frame_depth == frame_depth


@pytest.mark.parametrize(
    ("overread", "depth", "frame_depth"),
    [({}, 3, 2), ({"t0": 1}, 4, 2), ({"x": 1, "t0": 4}, 4, 3), ({"x": 9, "t0": 5}, 5, 5)],
)
def test_memories_cover_overread(overread, depth, frame_depth):
    builder = IntegerBuilder((2, 2, 2))
    graph = builder.graph(builder.dense(builder.conv("x", 3), 1))
    plan = plan_memory(graph, banks=4, beat_bytes=1, overread=overread)
    assert (plan.depth, plan.frame_depth) == (depth, frame_depth)


@pytest.mark.parametrize(
    ("frame", "channels", "banks", "address_bits"),
    [
        ((2, 2, 2), 3, 4, 5),  # 3 rows of memory, 2 of frame: 2 bits and 2 for the bank
        ((2, 2, 9), 1, 4, 7),  # 1 row of memory, 9 of frame
        ((1, 1, 1), 1, 1, 2),
        ((1, 1, 2), 3, 16, 6),
    ],
)
def test_address_space_has_a_half_for_each_memory(frame, channels, banks, address_bits):
    builder = IntegerBuilder(frame)
    graph = builder.graph(builder.dense(builder.conv("x", channels), 1))
    plan = plan_memory(graph, banks=banks, beat_bytes=1, overread={})
    assert plan.addresses.bits == address_bits
    assert plan.addresses.frame_base == 1 << (address_bits - 1)
    # a row number of either memory has at least one bit
    assert plan.addresses.frame_base >= banks * max(2, plan.depth, plan.frame_depth)


def test_without_stored_tensors_all_addresses_are_of_the_frame():
    builder = IntegerBuilder((2, 2, 9))
    plan = plan_memory(builder.graph(builder.dense("x", 3)), banks=4, beat_bytes=1, overread={})
    assert (plan.buffers, plan.depth, plan.addresses.frame_base, plan.addresses.bits) == (
        {},
        0,
        0,
        6,
    )


def kept(request: Request, layers: int) -> set[int]:
    """The layers during which a tensor is kept, one after the other, round and round."""
    layer, during = request.first, {request.first}
    while layer != request.last:
        layer = (layer + 1) % layers
        during.add(layer)
    return during


def test_lifetimes_meet_where_they_have_a_layer_in_common():
    layers = 5
    arcs = [
        Request(tensor=f"{first} to {last}", size=1, first=first, last=last)
        for first, last in itertools.product(range(layers), repeat=2)
    ]
    for a, b in itertools.product(arcs, arcs):
        assert a.meets(b) == bool(kept(a, layers) & kept(b, layers)), (a, b)


def test_a_tensor_of_the_next_frame_keeps_its_place():
    """What is written by the last layer and read by the first one lies beside all of these."""
    state = Request(tensor="state", size=4, first=5, last=1)
    others = [Request(tensor=f"t{i}", size=6, first=i, last=i + 1) for i in range(6)]
    buffers = place_buffers([state, *others], alignment=4)
    layers = 7
    for a, b in itertools.combinations(buffers.values(), 2):
        if kept(a, layers) & kept(b, layers):
            assert a.end <= b.address or b.end <= a.address, (a, b)
    # two of six units at a time, and in the middle of the frame the state's place is free
    assert max(buffer.end for buffer in buffers.values()) <= 3 * 8
