"""The reset reaches all that has to be reset, at the same time."""

from __future__ import annotations

import re

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from bench import simulate
from residual_networks import NETWORKS

from nnhw.export import component_verilog
from nnhw.hdl import Engine
from nnhw.hdl.reset_tree import RESET_STAGES, spread_reset
from nnhw.hdl.technology import technology
from nnhw.mapping import EngineConfig, map_graph


class Counter(wiring.Component):
    """Counts cycles from 1 on."""

    def __init__(self):
        super().__init__({"count": Out(8, init=1)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.count.eq(self.count + 1)
        return m


@pytest.mark.parametrize("length", [1, 2, 5])
def test_all_parts_are_reset_together(length):
    m = Module()
    reset, is_reset = Signal(), Signal()
    counters = {"one": Counter(), "other": Counter()}
    m.d.comb += is_reset.eq(spread_reset(m, reset, counters, technology("portable")))
    seen = []

    async def testbench(ctx):
        for cycle in range(20):
            ctx.set(reset, 10 <= cycle < 10 + length)
            counts = (ctx.get(counter.count) for counter in counters.values())
            seen.append((*counts, ctx.get(is_reset)))
            await ctx.tick()

    simulate(m, testbench)
    first, end = 10 + RESET_STAGES + 1, 10 + RESET_STAGES + length
    counts = [1 if first <= cycle <= end else cycle + 1 for cycle in range(end + 1)]
    counts += range(2, 20 - end + 1)
    assert [one for one, _, _ in seen] == [other for _, other, _ in seen] == counts
    assert [cycle for cycle in range(20) if seen[cycle][2]] == list(range(11, end))


@pytest.mark.parametrize("build", NETWORKS[:2])
def test_every_part_that_has_a_reset_gets_it(build):
    """Where the domain's own reset is needed, the engine's has to arrive, too."""
    _, graph, _ = build()
    program = map_graph(graph, EngineConfig(rows=4, cols=4, lanes=3, lane_groups=2))
    text = component_verilog(Engine(program.machine, program.image), "net")
    modules = dict(re.findall(r"^module (\w+) \((.*?)^endmodule", text, re.MULTILINE | re.DOTALL))
    assert "(rst)" in modules["net_fetch_loops"]
    assert "if (rst)" not in modules.pop("net"), "its own registers are in no branch"
    for name, body in modules.items():
        assert body.count("(rst)") == body.count("(reset)"), name
