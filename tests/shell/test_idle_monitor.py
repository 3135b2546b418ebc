"""The output idle, beside an engine that holds a few frames."""

from __future__ import annotations

import gc
import random

import pytest
from amaranth.sim import Simulator
from integer_graphs import IntegerBuilder

from nnhw.export import generate_verilog
from nnhw.mapping import EngineConfig, map_graph
from nnhw.shell import ShellConfig
from nnhw.shell.idle_monitor import IdleMonitor

# of a component that was refused
pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")


def test_idle_only_without_a_frame():
    """Whatever the order: beats that wait, frames that are damaged, several at once."""
    rng = random.Random(3)
    monitor = IdleMonitor()
    seen = set()

    async def testbench(ctx):
        inside, is_open, ended = 0, False, False
        for _ in range(3000):
            offered = rng.random() < 0.4
            take = offered and rng.random() < 0.6 and inside < 5
            last = rng.random() < 0.5
            delivered = inside > 0 and rng.random() < 0.3
            # the engine says a cycle later whether a frame was whole
            accepted = ended and rng.random() < 0.7
            values = {
                "offered": offered,
                "take": take,
                "last": last,
                "accepted": accepted,
                "delivered": delivered,
            }
            for name, value in values.items():
                ctx.set(getattr(monitor, name), value)
            _, _, idle = await ctx.tick().sample(monitor.idle)
            assert idle == (not (offered or is_open or inside or accepted))
            seen.add((bool(idle), inside, is_open))
            inside += accepted - delivered
            ended = take and last
            if take:
                is_open = not last

    simulator = Simulator(monitor)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert len(seen) >= 8


def test_needs_a_frame_check():
    builder = IntegerBuilder((1, 1, 7), seed=1)
    program = map_graph(builder.graph(builder.dense("x", 3)), EngineConfig(rows=2, cols=2))
    with pytest.raises(ValueError, match="The output idle needs a machine that checks frames"):
        generate_verilog(program, shell=ShellConfig(idle=True))
    gc.collect()  # what was refused warns that it was not used: here, where that is expected
