"""One machine for several networks, each with a program of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_simulation import run_engine, run_programs
from integer_graphs import IntegerBuilder

from nnhw import golden
from nnhw.errors import MappingError
from nnhw.export import generate_verilog
from nnhw.ir import Graph, frame_layout
from nnhw.machine import Headroom
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


def small() -> IntegerBuilder:
    """A frame of other size, a single layer."""
    builder = IntegerBuilder((3, 4, 2), seed=6, bits=8)
    builder.dense("x", 6)
    return builder


def two_outputs() -> IntegerBuilder:
    """The largest frame."""
    builder = IntegerBuilder((8, 8, 4), seed=7, bits=8)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1), stride=(2, 2))
    builder.dense(x, 5)
    builder.dense(x, 4)
    return builder


def one_more() -> IntegerBuilder:
    """None of those that the machine is made for."""
    builder = IntegerBuilder((5, 5, 3), seed=8, bits=8)
    x = builder.conv("x", 6, kernel=(3, 3), pads=(1, 1, 1, 1))
    builder.dense(builder.function(x), 8)
    return builder


LOADED = (residual, small, product, two_outputs, vectors)


def outputs_of(builder: IntegerBuilder) -> Graph:
    """The network, of which every dense layer that nothing reads is an output."""
    read = {name for node in builder.nodes for name in node.inputs}
    return builder.graph(*(node.output for node in builder.nodes if node.output not in read))


@pytest.fixture(scope="module")
def programmable():
    config = replace(CONFIG, programmable=True)
    return shared_machine([outputs_of(make()) for make in LOADED], config, Headroom())


def test_a_programmable_engine_runs_one_program_after_the_other(programmable):
    """All in one simulation of one engine, each loaded where the one before was; one of them twice,
    and one that the machine was not made for. Bit for bit, in as many cycles as the model says."""
    order = [residual, small, one_more, two_outputs, vectors, small]
    graphs = [outputs_of(make()) for make in order]
    programs = [map_graph(graph, programmable) for graph in graphs]
    assert not any(program.fitted.covers(programmable) for program in programs)
    frames = [make().frames(3) for make in order]
    runs = run_programs(list(zip(programs, frames, strict=True)))
    for graph, program, sent, run in zip(graphs, programs, frames, runs, strict=True):
        results = golden.run(graph, sent)
        packed = frame_layout(graph, graph.outputs, CONFIG.output_bytes).pack(results)
        wanted = packed.view(np.int8)
        assert (run.frames == wanted[:, : run.frames.shape[1]]).all()
        cycles = predict_cycles(program)
        assert run.last_out[0] - run.first_in[0] == cycles.latency_cycles
        assert run.last_out[-1] - run.last_out[-2] == cycles.interval_cycles


def test_a_programmable_engine_with_pauses_and_a_reset(programmable):
    """A reset stops the engine; it runs again when it is told to, without another load."""
    builder = residual()
    graph = outputs_of(builder)
    frames = builder.frames(4)
    run = run_engine(map_graph(graph, programmable), frames, pauses=3, reset_after=30)
    (output,) = graph.outputs
    assert (run.frames == golden.run(graph, frames)[output.tensor].reshape(4, -1)).all()


def test_the_hardware_of_a_programmable_machine_does_not_depend_on_the_image(programmable):
    texts = {
        generate_verilog(replace(map_graph(outputs_of(make()), programmable), name="same"))
        for make in (residual, vectors)
    }
    assert len(texts) == 1


def test_a_program_that_asks_for_more_is_refused():
    small = map_graph(graph_of(vectors()), CONFIG).machine
    with pytest.raises(
        MappingError, match=r"^Network 'net' asks for more than the machine has:\n  .*: .* needed, "
    ):
        map_graph(graph_of(residual()), small)
