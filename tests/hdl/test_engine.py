"""Whole engines against the golden model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Value
from amaranth.sim import Simulator
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw import golden
from nnhw.hdl import Engine, component_factory
from nnhw.hdl.technology import Technology
from nnhw.hdl.technology.portable import registered
from nnhw.ir import Graph
from nnhw.isa import Operation
from nnhw.machine.contents import pack
from nnhw.mapping import EngineConfig, Program, map_graph
from nnhw.shell import Accelerator


def dense_alone() -> IntegerBuilder:
    builder = IntegerBuilder((2, 2, 5), seed=7)
    builder.conv("x", 6)
    return builder


def dense_pair() -> IntegerBuilder:
    builder = IntegerBuilder((1, 1, 7), seed=1)
    builder.dense(builder.dense("x", 5), 3)
    return builder


def padded_conv() -> IntegerBuilder:
    builder = IntegerBuilder((5, 4, 3), seed=2)
    x = builder.conv("x", 5, kernel=(3, 3), pads=(1, 1, 1, 1))
    builder.conv(x, 4, kernel=(2, 3), pads=(0, 2, 1, 0), stride=(2, 1), dilation=(1, 2))
    return builder


def depthwise() -> IntegerBuilder:
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=8)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.depthwise(x, kernel=(3, 2), stride=(2, 1), pads=(0, 0, 1, 1))
    builder.depthwise(x, kernel=(2, 2), dilation=(2, 1))
    return builder


def pools() -> IntegerBuilder:
    builder = IntegerBuilder((7, 5, 3), seed=4)
    x = builder.max_pool("x", kernel=(3, 2), pads=(1, 0, 1, 1), stride=(2, 1))
    x = builder.average_pool(x, kernel=(2, 2), pads=(0, 1, 1, 0))
    builder.average_pool(x, kernel=builder.shape(x)[:2], uniform=True)
    return builder


def residual() -> IntegerBuilder:
    builder = IntegerBuilder((3, 4, 5), seed=5)
    x = builder.conv("x", 5)
    y = builder.conv(x, 5, kernel=(3, 3), pads=(1, 1, 1, 1))
    builder.add(builder.add(x, y), x)
    return builder


def reshaped() -> IntegerBuilder:
    builder = IntegerBuilder((4, 3, 2), seed=6)
    x = builder.reshape(builder.conv("x", 3, kernel=(2, 1)), (1, 1, 27))
    builder.dense(x, 9)
    return builder


def gated() -> IntegerBuilder:
    builder = IntegerBuilder((3, 3, 4), seed=8)
    x = builder.function("x")
    gate = builder.function(builder.conv(x, 4))
    builder.multiply(x, gate)
    return builder


def shifted() -> IntegerBuilder:
    builder = IntegerBuilder((3, 2, 4), seed=11, powers_of_two=True)
    x = builder.multiply("x", builder.depthwise(builder.conv("x", 4), kernel=(1, 1)))
    builder.dense(builder.max_pool(x, kernel=(2, 1)), 3)
    return builder


def joined() -> IntegerBuilder:
    builder = IntegerBuilder((4, 3, 3), seed=9)
    x = builder.slice("x", (1, 0, 1), (3, 2, 2))
    x = builder.concat(builder.conv(x, 5), x, builder.max_pool(x, kernel=(1, 1)))
    builder.conv(x, 3, kernel=(2, 1))
    return builder


def enlarged() -> IntegerBuilder:
    builder = IntegerBuilder((2, 2, 3), seed=10)
    x = builder.resize(builder.depth_to_space(builder.conv("x", 8), 2), (2, 1))
    builder.depthwise(x, kernel=(3, 2), pads=(0, 0, 1, 0))
    return builder


NETWORKS = {build.__name__: build for build in (dense_alone, dense_pair, padded_conv)}
NETWORKS |= {build.__name__: build for build in (depthwise, pools, residual, reshaped)}
NETWORKS |= {build.__name__: build for build in (gated, shifted, joined, enlarged)}
CONFIGS = {
    "one": EngineConfig(rows=1, cols=1, input_bytes=1, output_bytes=1, frame_buffers=1),
    "row": EngineConfig(rows=5, cols=1, lanes=2, input_bytes=4, output_bytes=8),
    "column": EngineConfig(
        rows=1, cols=6, lanes=3, lane_groups=3, input_bytes=2, output_bytes=1, multiplier_stages=2
    ),
    "wide": EngineConfig(
        rows=4, cols=6, lanes=5, lane_groups=2, input_bytes=8, output_bytes=4, scale_stages=1
    ),
    "sliced": EngineConfig(rows=3, cols=8, lanes=4, column_slices=2, lane_slices=2),
    "deep": EngineConfig(
        rows=9, cols=3, lanes=8, input_bytes=1, output_bytes=2, tree_levels_per_stage=1
    ),
}


def expected(graph: Graph, frames: np.ndarray) -> np.ndarray:
    """(N, output bytes)."""
    return golden.run(graph, frames)[graph.outputs[0].tensor].reshape(len(frames), -1)


FEATURES: dict[str, Callable[[Program], object]] = {
    "memory": lambda program: program.memory.depth,
    "padding": lambda program: program.padded,
    "joined columns": lambda program: program.limits.asks("drain", "joined"),
    "second terms": lambda program: program.limits.paired,
    "products of tensors": lambda program: program.limits.multiplies,
    "multipliers": lambda program: program.widths.multiplier,
    "tables": lambda program: program.tables,
    "gaps": lambda program: program.limits.has_gaps,
    "chase": lambda program: program.limits.chased_bytes,
    "dot products": lambda program: Operation.DOT in program.limits.operations,
    "rotator": lambda program: program.limits.read_granularity < program.config.banks,
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_engine(network, config):
    builder = network()
    graph = builder.graph(builder.nodes[-1].output)
    frames = builder.frames(3)
    program = map_graph(graph, config)
    assert (run_engine(program, frames).frames == expected(graph, frames)).all()


class Poisoned(Technology):
    """A read of a row that is written in the same cycle gives the opposite of what is there."""

    def ram(
        self,
        m: Module,
        *,
        read_row,
        write_enable,
        write_row,
        output_register,
        read_enable=None,
        register_enable=None,
        **others,
    ):
        """See `Technology`."""
        word = super().ram(
            m,
            read_row=read_row,
            write_enable=write_enable,
            write_row=write_row,
            output_register=False,
            read_enable=read_enable,
            **others,
        )
        meets: Value = write_enable & (read_row == write_row)
        met = registered(m, meets, True, "meets", enable=read_enable)
        poisoned = Mux(met, ~word, word)
        return registered(m, poisoned, output_register, "register", enable=register_enable)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("network", [depthwise, residual, joined])
def test_reads_of_what_is_being_written_do_not_matter(network, config, monkeypatch):
    """Memories have no bypass: they promise it to synthesizers (`no_rw_check`)."""
    monkeypatch.setattr(component_factory, "technology", lambda name, target: Poisoned())
    builder = network()
    graph = builder.graph(builder.nodes[-1].output)
    frames = builder.frames(4)
    run = run_engine(map_graph(graph, config), frames, pauses=1)
    assert (run.frames == expected(graph, frames)).all()


@pytest.mark.parametrize("seed", range(8))
def test_engine_with_pauses(seed):
    builder, graph = random_network(seed, largest=5)
    config = EngineConfig(
        rows=1 + seed,
        cols=4,
        lanes=1 + seed % 3,
        lane_groups=1 + seed % 2,
        frame_buffers=1 + seed % 2,
    )
    frames = builder.frames(4)
    run = run_engine(map_graph(graph, config), frames, pauses=seed)
    assert (run.frames == expected(graph, frames)).all()


@pytest.mark.parametrize("reset_after", [3, 30, 60, 61])
def test_engine_after_a_reset(reset_after):
    builder = residual()
    graph = builder.graph(builder.nodes[-1].output)
    frames = builder.frames(2)
    program = map_graph(graph, CONFIGS["wide"])
    run = run_engine(program, frames, reset_after=reset_after)
    assert (run.frames == expected(graph, frames)).all()


def test_streams_wait_while_a_reset_is_in_effect():
    builder = dense_pair()
    graph = builder.graph(builder.nodes[-1].output)
    program = map_graph(graph, EngineConfig(rows=4, cols=3, input_bytes=8))
    engine = Engine(program.machine, program.image)
    handshakes = []

    async def testbench(ctx):
        ctx.set(engine.frames_in.valid, 1)
        await ctx.tick().until(engine.frames_out.valid)
        for pulse in (0, 0, 1, 0, 0, 0, 0):
            ctx.set(engine.reset, pulse)
            _, _, *flags = await ctx.tick().sample(engine.frames_in.ready, engine.frames_out.valid)
            handshakes.append(tuple(map(int, flags)))

    simulator = Simulator(engine)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert engine.reset_latency == 2
    assert [given for _, given in handshakes] == [1, 1, 1, 0, 0, 0, 0]
    assert [taken for taken, _ in handshakes[3:6]] == [0, 0, 1]


def test_networks_and_configurations_cover_the_engine():
    programs = [
        map_graph(builder.graph(builder.nodes[-1].output), config)
        for builder in (network() for network in NETWORKS.values())
        for config in CONFIGS.values()
    ]
    layers = [layer for program in programs for layer in program.layers]
    assert {layer.fetch.operation for layer in layers} == set(Operation)
    assert {layer.drain.parameter_mode for layer in layers} == {0, 1, 2, 3}
    assert {layer.weights.slots for layer in layers} == {1, 2, 3}
    for name, has in FEATURES.items():
        assert {bool(has(program)) for program in programs} == {False, True}, name


def test_accelerator_has_the_ports_of_two_axi_streams():
    builder = dense_pair()
    graph = builder.graph(builder.nodes[-1].output)
    config = EngineConfig(rows=4, cols=3, input_bytes=8, output_bytes=4)
    program = map_graph(graph, config)
    accelerator = Accelerator(program.machine, program.image)
    ports = {name: len(getattr(accelerator, name)) for name in accelerator.signature.members}
    assert (ports.pop("clk"), ports.pop("rst")) == (1, 1)
    handshake = {"tvalid": 1, "tready": 1, "tlast": 1}
    assert ports == {
        f"{stream}_{name}": width
        for stream, data in (("s_axis", 64), ("m_axis", 32))
        for name, width in {"tdata": data, **handshake}.items()
    }
    frame = builder.frames(1)
    received = []

    async def testbench(ctx):
        ctx.set(accelerator.m_axis_tready, 1)
        ctx.set(accelerator.s_axis_tvalid, 1)
        ctx.set(accelerator.s_axis_tdata, pack(frame.ravel().tolist(), 8))
        await ctx.tick().until(accelerator.s_axis_tready)
        ctx.set(accelerator.s_axis_tvalid, 0)
        data, last = await (
            ctx.tick()
            .sample(accelerator.m_axis_tdata, accelerator.m_axis_tlast)
            .until(accelerator.m_axis_tvalid)
        )
        received.extend([data, last])

    simulator = Simulator(accelerator)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run_until(1e-3)
    assert received == [pack(expected(graph, frame)[0].tolist(), 8), 1]


def test_pack():
    assert pack([1, -1, 0, 7], 4) == 0x70F1
    assert pack(np.array([-128, 127], np.int8), 8) == 0x7F80
    assert pack([], 8) == 0
