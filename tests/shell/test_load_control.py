"""Loading by registers, cycle by cycle, beside an engine's loader."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import Module, ResetInserter
from amaranth.sim import Simulator
from load_maps import LOAD_MAP

from nnhw.hdl.load_port import Loader
from nnhw.shell.load_control import LoadControl

DESCRIPTION = 1 << 31


@pytest.mark.parametrize("seed", range(3))
def test_words_are_loaded_only_while_nothing_runs(seed):
    rng = random.Random(seed)
    control = LoadControl(LOAD_MAP)
    loader = Loader(LOAD_MAP, beats=8, outputs=8)
    m = Module()
    m.submodules.control = control
    m.submodules.loader = ResetInserter(control.engine_reset)(loader)
    m.d.comb += loader.load.eq(control.load)
    written = []  # of weights, as the loader's memory sees it
    described, wanted, wanted_descriptions = [], [], []
    refused = 0

    async def watch(ctx):
        while True:
            _, _, weights, description = await ctx.tick().sample(
                loader.weights_load, control.description
            )
            if weights.valid:
                written.append((weights.row, weights.column, weights.data))
            if description.valid:
                described.append((description.row, description.data))

    async def testbench(ctx):
        nonlocal refused
        run, busy, running, last_used = 0, 0, 0, 0
        weights = LOAD_MAP.sections["weights"]
        for cycle in range(3000):
            if rng.random() < 0.1:
                run ^= 1
            # frames begin only while it may run
            busy = int(rng.random() < (0.8 if busy else 0.2) and (busy or running))
            # an abort resets the engine two cycles after the access that asks for it
            reset = int(busy and cycle > last_used + 1 and rng.random() < 0.05)
            is_written, data = rng.randrange(2), rng.getrandbits(32)
            row, column = rng.randrange(20), rng.randrange(2)
            kind = rng.choice(("weights", "description", "control", "beyond", "number"))
            address, is_known = {
                "weights": (LOAD_MAP.address(weights, row, column), True),
                "description": (DESCRIPTION | row, True),
                "control": (rng.randrange(2), False),
                "beyond": (rng.choice((1 << 20, DESCRIPTION | 256, 1 << 30)), False),
                "number": (9 << LOAD_MAP.offset_bits, False),
            }[kind]
            for name, value in (
                ("run", run),
                ("busy", busy),
                ("engine_reset", reset),
                ("written", is_written),
                ("address", address),
                ("data", data),
            ):
                ctx.set(getattr(control, name), value)
            is_used = bool(is_written and is_known and not (run or running or busy))
            _, _, used, is_refused, was_running = await ctx.tick().sample(
                control.used, control.refused, control.running
            )
            assert was_running == running, cycle
            assert used == is_used, cycle
            assert is_refused == (is_written and not is_used), cycle
            refused += is_refused
            last_used = cycle if used else last_used
            if used and kind == "weights":
                wanted.append((row, column, data))
            if used and kind == "description":
                wanted_descriptions.append((row, data))
            if not busy:
                running = run
            if reset:
                running = 0
        ctx.set(control.written, 0)
        ctx.set(control.busy, 0)
        ctx.set(control.engine_reset, 0)
        for run in (0, 1, 0):
            ctx.set(control.run, run)
            await ctx.tick().repeat(5)
            assert (ctx.get(control.running), ctx.get(loader.running)) == (run, run)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert written == wanted
    assert described == wanted_descriptions
    assert len(wanted) > 50
    assert len(wanted_descriptions) > 50
    assert refused > 500
