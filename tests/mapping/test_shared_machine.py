"""One machine for several networks, each with a program of its own."""

from __future__ import annotations

import pytest
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder

from nnhw import golden
from nnhw.errors import MappingError
from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, map_graph, predict_cycles, shared_machine

CONFIG = EngineConfig(rows=4, cols=4, lanes=2, lane_groups=2, input_bytes=4, output_bytes=2)


def residual() -> IntegerBuilder:
    """Depthwise, with an addition while results are written, a table and a pool."""
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=8)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.function(builder.add(builder.conv(x, 4), x))
    builder.dense(builder.max_pool(x, kernel=(2, 2)), 7)
    return builder


def product() -> IntegerBuilder:
    """Narrow, with a product of tensors."""
    builder = IntegerBuilder((6, 5, 4), seed=4, bits=6)
    x = builder.conv("x", 3, kernel=(3, 3))
    builder.dense(builder.multiply(x, builder.conv(x, 3)), 9)
    return builder


def vectors() -> IntegerBuilder:
    """No activation memory but for a vector, which is chased."""
    builder = IntegerBuilder((6, 5, 4), seed=5, bits=8)
    builder.dense(builder.dense("x", 24), 5)
    return builder


BUILDERS = (residual, product, vectors)


def graph_of(builder: IntegerBuilder) -> Graph:
    return builder.graph(builder.nodes[-1].output)


@pytest.fixture(scope="module")
def machine():
    return shared_machine([graph_of(make()) for make in BUILDERS], CONFIG)


@pytest.mark.parametrize("make", BUILDERS, ids=lambda make: make.__name__)
def test_runs_every_program(machine, make):
    """Bit for bit, and in as many cycles as the cycle model says."""
    builder = make()
    graph = graph_of(builder)
    program = map_graph(graph, machine)
    assert program.machine == machine
    assert not program.fitted.covers(machine)
    frames = builder.frames(3)
    run = run_engine(program, frames)
    (output,) = graph.outputs
    wanted = golden.run(graph, frames)[output.tensor]
    assert (run.frames == wanted.reshape(len(frames), -1)).all()
    cycles = predict_cycles(program)
    assert run.last_out[0] - run.first_in[0] == cycles.latency_cycles
    assert run.last_out[-1] - run.last_out[-2] == cycles.interval_cycles


def test_a_program_that_asks_for_more_is_refused():
    small = map_graph(graph_of(vectors()), CONFIG).machine
    with pytest.raises(MappingError, match=r"^Network 'net' asks for more than the machine has; "):
        map_graph(graph_of(residual()), small)
