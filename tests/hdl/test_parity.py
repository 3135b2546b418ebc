"""Parity of memories that are loaded: every bit that is turned over is found when it is read."""

from __future__ import annotations

import random

import pytest
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator

from nnhw.hdl.instruction import LoadedInstructionRegister
from nnhw.hdl.loaded_memory import LoadedMemory
from nnhw.hdl.technology import memory_module
from nnhw.isa import FieldLayout, InstructionLayout, WriteBackInstruction, field_docs
from nnhw.machine import Section


@pytest.fixture
def memories(monkeypatch):
    """All memories that are elaborated."""
    made = []

    class Recorded(Memory):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(memory_module, "Memory", Recorded)
    return made


@pytest.mark.parametrize(("rows", "width"), [(4, 40), (5, 33)])
@pytest.mark.parametrize("output_register", [False, True])
def test_loaded_memory(rows, width, output_register, memories):
    rng = random.Random(rows)
    section = Section(name="weights", number=5, rows=rows, width=width, parity=True)
    memory = LoadedMemory(section, output_register=output_register)

    async def read(ctx, row):
        ctx.set(memory.address, row)
        await ctx.tick().repeat(memory.latency)
        return ctx.get(memory.parity_error)

    async def testbench(ctx):
        for row in range(rows):
            for column in range(section.columns):
                word = {"row": row, "column": column, "data": rng.getrandbits(32)}
                ctx.set(memory.write, {"valid": 1, **word})
                await ctx.tick()
        ctx.set(memory.write.valid, 0)
        assert [m.shape.width for m in memories] == [33, width - 32 + 1]
        for row in range(rows):
            assert await read(ctx, row) == 0
            for column in memories:
                for bit in range(column.shape.width):
                    right = ctx.get(column.data[row])
                    ctx.set(column.data[row], right ^ 1 << bit)
                    await ctx.tick()
                    assert await read(ctx, row) == 1
                    assert await read(ctx, (row + 1) % rows) == 0
                    ctx.set(column.data[row], right)
                    await ctx.tick()
        for row in range(rows, 1 << len(memory.address)):
            assert await read(ctx, row) == 0, "nothing is there"

    simulator = Simulator(memory)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_program(memories):
    """Every bit of every instruction, within one round through the program."""
    rng = random.Random(2)
    places, offset = {}, 0
    for name, (_, signed) in field_docs(WriteBackInstruction).items():
        places[name] = FieldLayout(name=name, signed=signed, width=3, offset=offset, constant=None)
        offset += 3
    layout = InstructionLayout(WriteBackInstruction, places)
    rows = 3
    section = Section(name="write-back", number=3, rows=rows, width=layout.width, parity=True)
    register = LoadedInstructionRegister(layout, section, ahead=("destination",))

    async def is_found(ctx):
        found = 0
        for _ in range(rows + 3):
            ctx.set(register.advance, 1)
            found |= ctx.get(register.parity_error)
            await ctx.tick()
        return found

    async def testbench(ctx):
        ctx.set(register.program.last_layer, rows - 1)
        for row in range(rows):
            for column in range(section.columns):
                word = {"row": row, "column": column, "data": rng.getrandbits(32)}
                ctx.set(register.program.write, {"valid": 1, **word})
                await ctx.tick()
        ctx.set(register.program.write.valid, 0)
        await ctx.tick().repeat(register.start_latency + 2)
        assert sum(m.shape.width for m in memories) == layout.width + len(memories)
        assert not await is_found(ctx)
        for memory in memories:
            for row in range(rows):
                for bit in range(memory.shape.width):
                    right = ctx.get(memory.data[row])
                    ctx.set(memory.data[row], right ^ 1 << bit)
                    assert await is_found(ctx), (row, bit)
                    ctx.set(memory.data[row], right)
                    await ctx.tick().repeat(2)
        assert not await is_found(ctx)

    simulator = Simulator(register)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
