"""Requantization constants as the hardware holds them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_simulation import run_engine
from random_graphs import Builder

from nnhw import golden
from nnhw.ir import Clamp, Graph, QAdd
from nnhw.mapping import EngineConfig, Program, map_graph, predict_cycles
from nnhw.mapping.requantizers import with_shifts_of
from nnhw.quantize import QuantizeOptions, quantize


def network(*, power_of_two: bool, twice: bool = False) -> tuple[Graph, Program, np.ndarray]:
    """Integer graph, program and frames of a network with every kind of factor.

    `twice`: what is added is the same tensor, which takes a layer of its own.
    """
    b = Builder((5, 5, 3))
    x = b.conv("x", 4, kernel=(3, 3), pads=(1, 1, 1, 1), clamp=Clamp(lo=0.0))
    x = b.add(x, x if twice else b.conv(x, 4))
    x = b.max_pool(x, kernel=(2, 2))
    x = b.average_pool(x, kernel=(3, 3))
    data = b.data(30)
    options = QuantizeOptions(power_of_two=power_of_two, weight_bits=6)
    graph = quantize(b.graph(b.dense(x, 3)), data, options)
    frames = golden.quantize_input(data[:3], graph.tensors["x"].q)
    return graph, map_graph(graph, EngineConfig(rows=4, cols=3)), frames


def test_shifts_alone() -> None:
    _, program, _ = network(power_of_two=True)
    assert program.widths.multiplier == 0
    assert set(np.unique(program.parameters[..., 1])) <= {0, 1}  # 0 where a lane is not used
    assert program.shifts[0] == 0  # of the max pool
    assert {(i.multiplier, i.residual_multiplier) for i in program.residual} == {(1, 1)}


def test_multipliers() -> None:
    _, program, _ = network(power_of_two=False)
    assert program.widths.multiplier > 4
    assert program.shifts[0] > 0
    assert all(i.multiplier > 1 and i.residual_multiplier > 1 for i in program.residual)


@pytest.mark.parametrize("power_of_two", [False, True])
def test_engine_computes_the_same(power_of_two: bool) -> None:
    graph, program, frames = network(power_of_two=power_of_two)
    run = run_engine(program, frames)
    (expected,) = golden.run(graph, frames).values()
    np.testing.assert_array_equal(run.frames, expected.reshape(len(frames), -1))
    cycles = predict_cycles(program)
    assert run.last_out[0] - run.first_in[0] == cycles.latency_cycles


@pytest.mark.parametrize("twice", [False, True])
def test_terms_of_a_sum_that_are_not_shifted_alike(twice: bool) -> None:
    """Their sum is shifted, so that their factors cannot become shifts."""
    graph, program, frames = network(power_of_two=True, twice=twice)
    nodes = list(graph.nodes)
    (index,) = (i for i, node in enumerate(nodes) if isinstance(node, QAdd))
    constants = replace(
        nodes[index].requantize, multiplier=np.array([4, 1]), shift=np.array([3, 3])
    )
    nodes[index] = replace(nodes[index], requantize=constants)
    graph = replace(graph, nodes=tuple(nodes))
    program = map_graph(graph, program.config)
    assert (program.widths.multiplier >= 3) == twice
    assert {(i.multiplier, i.residual_multiplier) for i in program.residual} == (
        set() if twice else {(1, 4)}  # the second operand is that of the layer
    )
    (expected,) = golden.run(graph, frames).values()
    run = run_engine(program, frames)
    np.testing.assert_array_equal(run.frames, expected.reshape(len(frames), -1))


def test_shifts_of_a_machine_that_is_there():
    """Factors stay what they are; a shift that cannot be had otherwise stays, too."""
    _, program, _ = network(power_of_two=False)
    widths = replace(program.widths, multiplier=8)
    datapath = replace(program.fitted.datapath, widths=widths, shifts=(6, 7, 12))
    table = np.array([[5, 3, 1], [6, 7, 1], [0, 255, 6], [1, 8, 10], [2, 6, 10], [3, 128, 14]])
    changed = with_shifts_of(table, datapath)
    assert changed.tolist() == [
        *([5, 96, 6], [6, 224, 6]),  # both or none
        [0, 255, 6],
        *([1, 32, 12], [2, 24, 12]),
        [3, 32, 12],
    ]
    assert (changed[:, 1] * 2.0 ** -changed[:, 2] == table[:, 1] * 2.0 ** -table[:, 2]).all()
    for kept in ([0, 9, 1], [0, 3, 13], [0, 255, 5]):
        assert with_shifts_of(np.array([kept]), datapath).tolist() == [kept]
