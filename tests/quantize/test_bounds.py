"""Worst-case ranges, against all the inputs there are and against random ones."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw import golden
from nnhw.ir import QAveragePool, QConv
from nnhw.ir.patches import pad, patches
from nnhw.quantize import accumulator_bounds, tensor_bounds


@pytest.mark.parametrize("seed", range(20))
def test_small_convolutions_reach_their_bounds(seed: int) -> None:
    builder = IntegerBuilder((2, 2, 1), seed, bits=2)
    graph = builder.graph(builder.conv("x", 3, kernel=(2, 2)))
    (node,) = graph.nodes
    assert isinstance(node, QConv)
    q = graph.tensors["x"].q
    inputs = np.array(list(itertools.product(range(q.lo, q.hi + 1), repeat=4)))
    weight = node.weight.reshape(3, 4).astype(int)
    constant = node.bias - q.zero_point * weight.sum(axis=1)
    sums = inputs @ weight.T
    partial = [
        inputs[:, list(order)] @ weight[:, list(order)].T
        for count in range(5)
        for order in itertools.combinations(range(4), count)
    ]
    bounds = accumulator_bounds(graph)["node0"]
    assert bounds.folded == ((sums + constant).min(), (sums + constant).max())
    assert bounds.raw == (min(s.min() for s in partial), max(s.max() for s in partial))


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_stay_within_their_bounds(seed: int) -> None:
    builder, graph = random_network(seed)
    values = golden.run(graph, builder.frames(20), keep=graph.tensors)
    tensors, accumulators = tensor_bounds(graph), accumulator_bounds(graph)
    for name, (lo, hi) in tensors.items():
        assert lo <= values[name].min() <= values[name].max() <= hi
    for node in graph.nodes:
        if not isinstance(node, QConv | QAveragePool):
            continue
        zero = graph.tensors[node.inputs[0]].q.zero_point
        x = pad(values[node.inputs[0]].astype(int), node.window, zero)
        taps = patches(x, node.window)
        if isinstance(node, QAveragePool):
            sums, constant = taps.sum(axis=(3, 4)), -zero * taps[0, 0, 0, :, :, 0].size
        else:
            weight = node.weight.astype(int)
            spec = "nhwijc,oijc->nhwo" if node.groups == 1 else "nhwijo,oijc->nhwo"
            sums = np.einsum(spec, taps, weight)
            constant = node.bias - zero * weight.sum(axis=(1, 2, 3))
        bounds = accumulators[node.name]
        assert bounds.raw[0] <= min(0, sums.min()) <= max(0, sums.max()) <= bounds.raw[1]
        assert bounds.folded[0] <= (sums + constant).min()
        assert (sums + constant).max() <= bounds.folded[1]


def test_bounds_use_what_the_writer_clamps() -> None:
    builder = IntegerBuilder((3, 3, 2), seed=1, bits=8)
    graph = builder.graph(builder.conv(builder.max_pool("x", kernel=(1, 1)), 1))
    pool, conv = graph.nodes
    assert isinstance(conv, QConv)
    narrow = replace(pool, lo=10, hi=20)
    graph = replace(graph, nodes=(narrow, conv))
    assert tensor_bounds(graph)["t0"] == (10, 20)
    weight = conv.weight.ravel().astype(int)
    largest = np.where(weight > 0, 20 * weight, 10 * weight).sum()
    constant = conv.bias[0] - graph.tensors["t0"].q.zero_point * weight.sum()
    bounds = accumulator_bounds(graph)[conv.name]
    assert bounds.folded[1] == largest + constant
    assert bounds.raw == (20 * weight[weight < 0].sum(), 20 * weight[weight > 0].sum())


def test_padding_is_the_zero_point_even_outside_the_clamps() -> None:
    builder = IntegerBuilder((3, 3, 1), seed=2, bits=8)
    graph = builder.graph(
        builder.average_pool(builder.max_pool("x", kernel=(1, 1)), kernel=(2, 2), pads=(1, 0, 0, 0))
    )
    pool, average = graph.nodes
    q = replace(graph.tensors["t0"].q, zero_point=-100)
    tensors = graph.tensors | {"t0": replace(graph.tensors["t0"], quantization=q)}
    graph = replace(graph, nodes=(replace(pool, lo=10, hi=20), average), tensors=tensors)
    assert accumulator_bounds(graph)[average.name].raw == (-400, 80)


def test_names_must_differ() -> None:
    builder = IntegerBuilder((2, 2, 1))
    graph = builder.graph(builder.conv(builder.conv("x", 1), 1))
    nodes = tuple(replace(node, name="same") for node in graph.nodes)
    with pytest.raises(ValueError, match="'same'"):
        accumulator_bounds(replace(graph, nodes=nodes))


def test_tables_are_bounded_by_the_entries_that_can_be_reached() -> None:
    builder = IntegerBuilder((2, 2, 3), seed=3, bits=8)
    pooled = builder.max_pool("x", kernel=(1, 1))
    graph = builder.graph(builder.function(pooled))
    pool, function = graph.nodes
    pool = replace(pool, lo=-3, hi=5)
    table = np.full(256, 100, np.int8)
    table[128 - 3 : 128 + 6] = [7, 1, 2, -9, 4, 5, 6, 3, 8]
    graph = replace(graph, nodes=(pool, replace(function, table=table)))
    assert tensor_bounds(graph)[function.output] == (-9, 8)


def test_concatenations_are_bounded_by_their_parts() -> None:
    builder = IntegerBuilder((2, 2, 3), seed=3, bits=8)
    graph = builder.graph(builder.concat("x", "x"))
    (node,) = graph.nodes
    parts = (replace(node.parts[0], lo=-50, hi=3), replace(node.parts[1], lo=-7, hi=60))
    graph = replace(graph, nodes=(replace(node, parts=parts),))
    assert tensor_bounds(graph)[node.output] == (-50, 60)
