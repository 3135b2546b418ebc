"""Weights in slices: which ones, at what price, and in which engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from interpreter import check_program

from nnhw.errors import MappingError
from nnhw.ir import Graph, QConv
from nnhw.machine import needs_slices
from nnhw.mapping import (
    EngineConfig,
    choose_engine,
    map_graph,
    may_pay,
    predict_cycles,
    smallest_engine,
)
from nnhw.mapping.slicing import needed_slices


def mixed(*weight_bits: int, depthwise: int = 0, seed: int = 0) -> tuple[IntegerBuilder, Graph]:
    """Convolutions of weights of so many bits, the last one dense; one is `depthwise`."""
    builder = IntegerBuilder((6, 5, 4), seed=seed, bits=8)
    x = "x"
    for number, _ in enumerate(weight_bits[:-1]):
        if number == depthwise - 1:
            x = builder.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1))
        else:
            x = builder.conv(x, 4, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph = builder.graph(builder.dense(x, 5))
    widths = iter(weight_bits)
    nodes = tuple(with_bits(node, next(widths), builder.rng) for node in graph.nodes)
    return builder, replace(graph, nodes=nodes)


def with_bits(node: QConv, bits: int, rng: np.random.Generator) -> QConv:
    """Weights that use all of so many bits, 9 of them as differences do; extremes among them."""
    half = 1 << (bits - 1)
    weight = rng.integers(1 - half, half, node.weight.shape)
    weight.flat[:2] = 1 - half, half - 1
    kind = np.int8 if bits <= 8 else np.int16
    zero_point = None if bits <= 8 else np.zeros(len(weight), int)
    return replace(node, weight=weight.astype(kind), weight_bits=bits, weight_zero_point=zero_point)


@pytest.mark.parametrize("cols", [2, 3, 8, 9])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("depthwise", [0, 1, 2])
@pytest.mark.parametrize("bits", [(8, 4, 4), (4, 8, 5), (3, 4, 8), (8, 8, 8), (7, 4, 6)])
def test_networks_of_mixed_widths(bits, depthwise, seed, cols):
    builder, graph = mixed(*bits, depthwise=depthwise, seed=seed)
    config = EngineConfig(rows=4, cols=cols, lanes=3, **needed_slices(graph))
    program = check_program(graph, builder.frames(2), config)
    joined = {layer.name for layer in program.layers if layer.drain.joined}
    assert joined == {node.name for node in graph.nodes if node.groups == 1 and wide(node)}
    assert program.widths.weight <= 5
    assert program.widths.symmetric_weights or program.widths.weight < 5


def wide(node: QConv) -> bool:
    return needs_slices(node.weight)


def test_widths_are_those_of_slices():
    """Weights of 7 bits have upper slices of 4, those of 8 bits of 5, without the least number."""
    for bits, expected in ((6, (4, False)), (7, (4, False)), (8, (5, True))):
        _, graph = mixed(bits, 4, 3)
        config = EngineConfig(rows=4, cols=8, **needed_slices(graph))
        widths = map_graph(graph, config).widths
        assert (widths.weight, widths.symmetric_weights) == expected
        assert map_graph(graph, replace(config, column_slices=1)).widths.weight == bits


def test_wide_layers_take_half_of_the_columns():
    """A layer in slices takes the cycles that it takes in an array of half as many columns."""
    _, graph = mixed(8, 8)
    sliced = predict_cycles(map_graph(graph, EngineConfig(rows=4, cols=8, column_slices=2)))
    half = predict_cycles(map_graph(graph, EngineConfig(rows=4, cols=4)))
    assert sliced.interval_cycles == half.interval_cycles
    _, graph = mixed(4, 4)
    config = EngineConfig(rows=4, cols=8)
    narrow = map_graph(graph, replace(config, column_slices=2))
    assert not any(layer.drain.joined for layer in narrow.layers)
    assert predict_cycles(narrow) == predict_cycles(map_graph(graph, config))


def test_which_engines_have_slices():
    assert needed_slices(mixed(4, 5, 4)[1]) == {}
    assert needed_slices(mixed(8, 4, 4)[1]) == {"column_slices": 2}
    assert needed_slices(mixed(8, 4, 4, depthwise=1)[1]) == {"lane_slices": 2}
    assert needed_slices(mixed(8, 6, 4, depthwise=1)[1]) == {"column_slices": 2, "lane_slices": 2}
    assert may_pay(mixed(8, 4, 4)[1])
    assert not may_pay(mixed(4, 4, 4)[1])
    assert not may_pay(mixed(8, 8, 8)[1])
    assert not may_pay(mixed(9, 4, 4)[1])


def test_weights_that_do_not_fit_two_slices():
    _, graph = mixed(9, 4)
    with pytest.raises(MappingError, match=r"'\w+' has weights from -255 to 255.*-136 to 135"):
        choose_engine(graph, macs=16, sliced=True)


@pytest.mark.parametrize("depthwise", [0, 1])
def test_chosen_engines_have_columns_enough(depthwise):
    _, graph = mixed(8, 4, 4, depthwise=depthwise)
    name = "lane_slices" if depthwise else "column_slices"
    for config in (
        choose_engine(graph, macs=24, sliced=True),
        choose_engine(graph, rows=3, cols=2, sliced=True),
        smallest_engine(graph, interval_cycles=1500, sliced=True),
    ):
        assert getattr(config, name) == 2
        assert config.cols >= 2
    assert getattr(choose_engine(graph, macs=24), name) == 1
    for size in ({"macs": 1}, {"rows": 8, "cols": 1}):
        with pytest.raises(MappingError, match="slices take two columns each"):
            choose_engine(graph, **size, sliced=True)
    if depthwise:
        with pytest.raises(MappingError, match=r"twice as many columns as lane groups.*3 lane"):
            choose_engine(graph, rows=2, cols=5, lane_groups=3, sliced=True)
