"""Shift registers: what comes in leaves as many cycles later, whatever its shape."""

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter, Signal, signed
from amaranth.lib import data
from bench import drive, integers, simulate

from nnhw.hdl.shift_register import ShiftRegister


@pytest.mark.parametrize("stages", [0, 1, 3])
def test_shift_register(stages):
    layout = data.StructLayout({"flag": 1, "number": signed(5)})
    register = ShiftRegister(layout, stages=stages)
    rng = np.random.default_rng(stages)
    inputs = {"i.flag": rng.integers(0, 2, 30), "i.number": integers(rng, 5, 30)}
    outputs = drive(register, inputs, ["o.flag", "o.number"])
    assert register.latency == stages
    for name, values in inputs.items():
        assert (outputs[name.replace("i.", "o.")][stages:] == values[: 30 - stages]).all()


@pytest.mark.parametrize("reset", [False, True])
def test_shift_register_is_cleared_on_demand_only(reset):
    clear = Signal()
    register = ShiftRegister(4, stages=2, reset=reset)
    m = Module()
    m.submodules.register = ResetInserter(clear)(register)

    async def testbench(ctx):
        ctx.set(register.i, 9)
        await ctx.tick().repeat(2)
        assert ctx.get(register.o) == 9
        ctx.set(clear, 1)
        await ctx.tick()
        assert ctx.get(register.o) == (0 if reset else 9)

    simulate(m, testbench)
