"""The instruction register of a program that is loaded."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module, ResetInserter, Signal
from bench import simulate
from random_programs import write_back_program

from nnhw.hdl.instruction import LoadedInstructionRegister
from nnhw.isa import InstructionLayout
from nnhw.machine import LOAD_BITS, Section
from nnhw.machine.contents import columns_of

ROWS = 8


async def load(ctx, register, section: Section, words: list[int], after_reset: bool) -> None:
    """Write a program while the register is in reset."""
    if after_reset:
        ctx.set(register.reset, 1)
    ctx.set(register.inner.program.last_layer, len(words) - 1)
    for index, word in enumerate(columns_of(words, section.columns)):
        row, column = divmod(index, section.columns)
        write = {"valid": 1, "row": row, "column": column, "data": word}
        ctx.set(register.inner.program.write, write)
        await ctx.tick()
    ctx.set(register.inner.program.write.valid, 0)
    await ctx.tick()
    ctx.set(register.reset, 0)


class Resettable(Elaboratable):
    """A register with a reset of its own."""

    def __init__(self, inner: LoadedInstructionRegister):

        self.inner = inner
        self.reset = Signal(init=1)

    def elaborate(self, platform):

        m = Module()
        m.submodules.inner = ResetInserter(self.reset)(self.inner)
        return m


@pytest.mark.parametrize("some", [0.0, 0.5, 1.0], ids=["none", "half", "all"])
def test_steps_through_one_program_after_the_other(some):
    """Programs of several lengths, whatever fields are known ahead; advancing in any cycles."""
    programs = [
        write_back_program(seed, layers=layers, bits=8, space=64)
        for seed, layers in enumerate((3, 1, ROWS, 2))
    ]
    layout = InstructionLayout.fit([i for program in programs for i in program])
    assert layout.width > LOAD_BITS
    section = Section(name="write-back", number=3, rows=ROWS, width=layout.width)
    rng = np.random.default_rng(7)
    names = list(layout.fields)
    ahead = rng.permutation(names)[: int(some * len(names))].tolist()
    register = LoadedInstructionRegister(layout, section, ahead=ahead)
    resettable = Resettable(register)
    seen = []

    async def testbench(ctx):
        for program in programs:
            words = [layout.encode(instruction) for instruction in program]
            await load(ctx, resettable, section, words, after_reset=True)
            waited = 0
            while not ctx.get(register.begins):
                waited += 1
                await ctx.tick()
            assert waited == register.start_latency
            for name in ahead:
                assert ctx.get(getattr(register.upcoming, name)) == getattr(program[0], name)
            await ctx.tick()
            at = 0
            for _ in range(40):
                assert ctx.get(register.index) == at
                assert not ctx.get(register.begins)
                following = (at + 1) % len(program)
                for name in names:
                    assert ctx.get(getattr(register.current, name)) == getattr(program[at], name)
                    if name in ahead:
                        upcoming = ctx.get(getattr(register.upcoming, name))
                        assert upcoming == getattr(program[following], name)
                advance = int(rng.integers(0, 2))
                ctx.set(register.advance, advance)
                await ctx.tick()
                at = following if advance else at
            ctx.set(register.advance, 0)
            seen.append(len(program))

    simulate(resettable, testbench)
    assert seen == [len(program) for program in programs]
