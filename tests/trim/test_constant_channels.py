"""Networks without the channels that no input can change compute the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from interpreter import check_program
from random_networks import random_network

from nnhw import golden
from nnhw.ir import Graph, QConv, Requantize
from nnhw.mapping import EngineConfig
from nnhw.trim import remove_constant_channels

SAME = {"kernel": (3, 3), "pads": (1, 1, 1, 1)}
CONFIG = EngineConfig(rows=4, cols=4, lanes=4, lane_groups=2)


def with_dead_channels(graph: Graph, seed: int, share: float = 0.6) -> Graph:
    """A graph most of whose convolutions' channels are clamped whatever the input, some of them to
    their zero point."""
    rng = np.random.default_rng(seed)
    nodes = []
    for node in graph.nodes:
        if isinstance(node, QConv):
            zero = graph.tensors[node.output].q.zero_point
            bias, constants = node.bias.copy(), node.requantize
            dead = rng.random(len(bias)) < share
            bias[dead] = -(1 << 36)
            if rng.random() < 0.7:
                constants = replace(constants, lo=min(zero, constants.hi))
            node = replace(node, bias=bias, requantize=constants)
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def channels(graph: Graph) -> int:
    return sum(tensor.shape[2] for tensor in graph.tensors.values())


@pytest.mark.parametrize("seed", range(120))
def test_computes_the_same(seed):
    builder, plain = random_network(seed)
    graph = with_dead_channels(plain, seed)
    trimmed = remove_constant_channels(graph)
    frames = builder.frames(6)
    output = graph.outputs[0].tensor
    assert (golden.run(graph, frames)[output] == golden.run(trimmed, frames)[output]).all()
    assert [type(node) for node in trimmed.nodes] == [type(node) for node in graph.nodes]
    assert channels(trimmed) <= channels(graph)


def test_channels_do_go():
    """Otherwise the tests above would prove nothing."""
    spared = 0
    for seed in range(120):
        graph = with_dead_channels(random_network(seed)[1], seed)
        spared += channels(graph) - channels(remove_constant_channels(graph))
    assert spared > 40


@pytest.mark.parametrize("seed", range(8))
def test_hardware_computes_the_same(seed):
    builder, plain = random_network(seed)
    trimmed = remove_constant_channels(with_dead_channels(plain, seed))
    check_program(trimmed, builder.frames(2), CONFIG)


def chain(channels: int = 64, zero_point: int = 0) -> tuple[IntegerBuilder, Graph]:
    """Pointwise, depthwise, pointwise, as MobileNet has them; all channels vary."""
    builder = IntegerBuilder((4, 4, 3), seed=1, bits=8)
    x = builder.conv("x", channels)
    x = builder.depthwise(x, **SAME)
    graph = builder.graph(builder.conv(x, 5))
    rng = np.random.default_rng(1)
    nodes, tensors = list(graph.nodes), dict(graph.tensors)
    for place, node in enumerate(nodes[:2]):
        nodes[place] = replace(
            node,
            weight=rng.integers(1, 100, node.weight.shape).astype(np.int8),
            bias=rng.integers(-99, 99, channels),
            weight_bits=8,
            requantize=Requantize(
                multiplier=rng.integers(1 << 20, 1 << 21, channels),
                shift=np.full(channels, 29),
                lo=zero_point,
                hi=127,
            ),
        )
        tensor = tensors[node.output]
        tensors[node.output] = replace(
            tensor, quantization=replace(tensor.q, zero_point=zero_point)
        )
    return builder, replace(graph, nodes=tuple(nodes), tensors=tensors)


def dead(graph: Graph, numbers: range, places: Sequence[int] = (0, 1), lo: int = 0) -> Graph:
    """The graph with channels in some of its nodes that are always clamped to `lo`."""
    nodes = list(graph.nodes)
    for place in places:
        bias = nodes[place].bias.copy()
        bias[list(numbers)] = -(1 << 36)
        constants = replace(nodes[place].requantize, lo=lo)
        nodes[place] = replace(nodes[place], bias=bias, requantize=constants)
    return replace(graph, nodes=tuple(nodes))


def test_a_dead_channel_goes_through_all_layers_that_carry_it():
    builder, graph = chain()
    graph = dead(graph, range(10, 58))
    trimmed = remove_constant_channels(graph)
    assert [trimmed.tensors[node.output].shape[2] for node in trimmed.nodes] == [16, 16, 5]
    assert [node.groups for node in trimmed.nodes] == [1, 16, 1]
    frames = builder.frames(5)
    values = [golden.run(one, frames, keep=graph.tensors) for one in (graph, trimmed)]
    for node in graph.nodes:
        whole, kept = (value[node.output] for value in values)
        gone = range(10, 58) if node.output != graph.outputs[0].tensor else []
        assert (kept == np.delete(whole, gone, axis=-1)).all()
        assert len(np.unique(kept)) > 5


@pytest.mark.parametrize(("count", "left"), [(0, 64), (15, 64), (16, 48), (40, 32), (64, 16)])
def test_so_many_go_that_addresses_stay_multiples(count, left):
    _, graph = chain()
    trimmed = remove_constant_channels(dead(graph, range(count)))
    assert [trimmed.tensors[node.output].shape[2] for node in graph.nodes] == [left, left, 5]


def test_constant_channels_that_stay_have_no_weights():
    builder, graph = chain()
    graph = dead(graph, range(3))
    trimmed = remove_constant_channels(graph)
    for whole, node in zip(graph.nodes[:2], trimmed.nodes[:2], strict=True):
        assert not node.weight[:3].any()
        assert (node.weight[3:] == whole.weight[3:]).all()
        assert np.abs(node.bias).max() < 100
    frames = builder.frames(5)
    values = [golden.run(one, frames, keep=graph.tensors) for one in (graph, trimmed)]
    assert all((values[0][name] == values[1][name]).all() for name in graph.tensors)


def test_what_differs_from_its_padding_stays():
    """A constant that is not zero is not constant any more where a window meets padding."""
    _, graph = chain(zero_point=7)
    for lo, left in ((7, 32), (60, 64)):
        trimmed = remove_constant_channels(dead(graph, range(32), places=[0], lo=lo))
        assert trimmed.tensors[graph.nodes[0].output].shape[2] == left


@pytest.mark.parametrize(("lo", "left"), [(7, 32), (60, 64)])
def test_a_dense_convolution_takes_only_what_equals_its_padding_into_its_bias(lo, left):
    builder, graph = chain(zero_point=7)
    x = graph.nodes[0].output
    builder.nodes, builder.tensors = [graph.nodes[0]], {n: graph.tensors[n] for n in ("x", x)}
    graph = dead(builder.graph(builder.conv(x, 5, **SAME)), range(32), places=[0], lo=lo)
    trimmed = remove_constant_channels(graph)
    assert trimmed.tensors[x].shape[2] == left
    frames, output = builder.frames(3), graph.outputs[0].tensor
    assert (golden.run(graph, frames)[output] == golden.run(trimmed, frames)[output]).all()


def test_inputs_and_outputs_keep_all_channels():
    builder = IntegerBuilder((2, 2, 16), seed=2, bits=8)
    graph = builder.graph(builder.conv("x", 32))
    graph.nodes[0].bias[:] = -(1 << 36)
    trimmed = remove_constant_channels(graph)
    assert [tensor.shape[2] for tensor in trimmed.tensors.values()] == [16, 32]


def test_a_tensor_keeps_a_channel():
    builder, graph = chain(channels=3)
    graph = dead(graph, range(3))
    trimmed = remove_constant_channels(graph)
    assert trimmed.tensors[graph.nodes[0].output].shape[2] == 1
    frames = builder.frames(3)
    output = graph.outputs[0].tensor
    assert (golden.run(graph, frames)[output] == golden.run(trimmed, frames)[output]).all()
