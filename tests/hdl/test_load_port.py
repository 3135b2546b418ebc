"""The load port: which writes get where, and memories that are loaded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench import drive, simulate

from nnhw.hdl.load_port import Loader, loads
from nnhw.hdl.loaded_memory import LoadedMemory
from nnhw.machine import LoadMap, Section
from nnhw.machine.contents import columns_of


@pytest.mark.parametrize("output_register", [False, True])
@pytest.mark.parametrize("address_stages", [0, 2])
@pytest.mark.parametrize(("width", "rows"), [(1, 1), (8, 2), (32, 3), (100, 5), (513, 7)])
def test_loaded_memory(width, rows, address_stages, output_register):
    rng = np.random.default_rng(width)
    section = Section(name="weights", number=5, rows=rows, width=width)
    memory = LoadedMemory(section, address_stages=address_stages, output_register=output_register)
    assert memory.latency == address_stages + 1 + output_register
    words = [int.from_bytes(rng.bytes(80), "little") % (1 << width) for _ in range(rows)]
    loads = [divmod(index, section.columns) for index in range(rows * section.columns)]
    order = rng.permutation(len(loads))
    data = columns_of(words, section.columns)
    addresses = rng.integers(0, rows, 50).tolist()
    idle = [0] * (50 + len(loads))
    writes = {
        "write.valid": [1] * len(loads) + [0] * 50,
        "write.row": [loads[index][0] for index in order] + idle[:50],
        "write.column": [loads[index][1] for index in order] + idle[:50],
        # what is not written must not matter
        "write.data": [data[index] for index in order] + [0xDEADBEEF] * 50,
    }
    inputs = {**writes, "address": [0] * len(loads) + addresses}
    read = drive(memory, inputs, ["data"])["data"].tolist()[len(loads) :]
    assert read[memory.latency :] == [words[address] for address in addresses[: -memory.latency]]


SECTIONS = LoadMap(
    {
        name: Section(name=name, number=number, rows=rows, width=width)
        for number, (name, rows, width) in enumerate(
            [
                ("control", 1, 1),
                ("geometry", 3, 32),
                ("fetch", 8, 70),
                ("drain", 8, 30),
                ("write-back", 8, 40),
                ("residual", 0, 0),
                ("weights", 100, 130),
                ("parameters", 9, 33),
                ("tables", 256, 8),
            ]
        )
        if rows
    }
)
MEMORIES = ("fetch", "drain", "write-back", "weights", "parameters", "tables")


def test_addresses():
    """Number, row, column; no two words have the same."""
    assert SECTIONS.offset_bits == 10
    assert SECTIONS.address_bits == 14
    weights = SECTIONS.sections["weights"]
    assert (weights.columns, weights.column_bits, weights.row_bits) == (5, 3, 7)
    assert SECTIONS.address(weights, 99, 4) == 6 << 10 | 99 << 3 | 4
    places = [
        SECTIONS.address(section, row, column)
        for section in SECTIONS.sections.values()
        for row in range(section.rows)
        for column in range(section.columns)
    ]
    assert len(set(places)) == len(places)
    assert max(places) < 1 << SECTIONS.address_bits


@pytest.mark.parametrize("running", [False, True])
def test_writes_get_to_their_section_unless_the_engine_runs(running):
    loader = Loader(SECTIONS, beats=300, outputs=4)
    rng = np.random.default_rng(running)
    writes = []
    for name in rng.choice(MEMORIES, 60).tolist():
        section = SECTIONS.sections[name]
        row, column = (int(rng.integers(n)) for n in (section.rows, section.columns))
        writes.append((name, row, column, int(rng.integers(1 << 32))))
    geometry = SECTIONS.sections["geometry"]
    control = SECTIONS.address(SECTIONS.sections["control"])
    seen = []

    async def send(ctx, address: int, data: int) -> None:
        ctx.set(loader.load, {"valid": 1, "address": address, "data": data})
        await ctx.tick()
        ctx.set(loader.load, {"valid": 0, "address": address, "data": data})

    async def testbench(ctx):
        assert not ctx.get(loader.running)
        for row, value in enumerate((5, 289, 3)):
            await send(ctx, SECTIONS.address(geometry, row), value)
        await send(ctx, control, int(running))
        for row in range(3):
            await send(ctx, SECTIONS.address(geometry, row), 5 if running else (5, 289, 3)[row])
        for cycle in range(len(writes) + loader.latency):
            if cycle < len(writes):
                name, row, column, data = writes[cycle]
                address = SECTIONS.address(SECTIONS.sections[name], row, column)
                ctx.set(loader.load, {"valid": 1, "address": address, "data": data})
            else:
                ctx.set(loader.load.valid, 0)
            for name in MEMORIES:
                port = getattr(loader, loads(name))
                write = getattr(port, "write", port)
                if ctx.get(write.valid):
                    place = (ctx.get(write.row), ctx.get(write.column), ctx.get(write.data))
                    seen.append((cycle - loader.latency, name, *place))
            await ctx.tick()
        assert ctx.get(loader.running) == running
        assert ctx.get(loader.last_beat) == 289
        assert ctx.get(loader.last_output) == 3
        assert ctx.get(loader.fetch_load.last_layer) == ctx.get(loader.drain_load.last_layer) == 5
        await send(ctx, control, 0)
        await ctx.tick()
        assert not ctx.get(loader.running)

    simulate(loader, testbench)
    expected = [(cycle, *write) for cycle, write in enumerate(writes)]
    assert seen == ([] if running else expected)


TWO_BANKS = LoadMap(
    {
        name: replace(section, banks=1 if name == "control" else 2)
        for name, section in SECTIONS.sections.items()
    },
    2,
)


def test_addresses_of_two_banks():
    """The bank is above all else, and above the row in memories."""
    assert TWO_BANKS.address_bits == SECTIONS.address_bits + 1
    weights = TWO_BANKS.sections["weights"]
    place = SECTIONS.address(SECTIONS.sections["weights"], 99, 4)
    assert TWO_BANKS.address(weights, 99, 4) == place
    assert TWO_BANKS.address(weights, 99, 4, bank=1) == place | 1 << SECTIONS.address_bits
    assert (weights.depth, SECTIONS.sections["weights"].depth) == (128 + 100, 100)


@pytest.mark.parametrize("selected", [0, 1])
def test_of_two_banks_only_one_that_is_free_is_written_while_the_engine_runs(selected):
    loader = Loader(TWO_BANKS, beats=300, outputs=4)
    rng = np.random.default_rng(selected)
    weights = TWO_BANKS.sections["weights"]
    control = TWO_BANKS.address(TWO_BANKS.sections["control"])
    seen, expected = [], []

    async def testbench(ctx):
        ctx.set(loader.load, {"valid": 1, "address": control, "data": 1 | selected << 1})
        await ctx.tick()
        ctx.set(loader.load.valid, 0)
        await ctx.tick().repeat(3)
        assert (ctx.get(loader.running), ctx.get(loader.selected)) == (1, selected)
        for cycle in range(400):
            bank, row, data = (int(rng.integers(n)) for n in (2, 100, 1 << 32))
            free, valid = int(rng.integers(2)), int(rng.integers(2) and cycle < 390)
            place = TWO_BANKS.address(weights, row, 3, bank=bank)
            ctx.set(loader.load, {"valid": valid, "address": place, "data": data})
            # a write meets what is free a cycle later
            ctx.set(loader.free, free)
            if expected and expected[-1][0] == cycle - 1 and not free:
                expected.pop()
            if valid and bank != selected:
                expected.append((cycle, bank, row, 3, data))
            write = loader.weights_load
            if ctx.get(write.valid):
                fields = (ctx.get(write[name]) for name in ("bank", "row", "column", "data"))
                seen.append((cycle - loader.latency, *fields))
            await ctx.tick()

    simulate(loader, testbench)
    assert seen == expected
    assert 20 < len(seen) < 100


@pytest.mark.parametrize("bank", [0, 1])
def test_geometry_of_two_banks(bank):
    """Of the bank at work, but for beats, which are counted of the frame that arrives."""
    loader = Loader(TWO_BANKS, beats=300, outputs=4)
    geometry = TWO_BANKS.sections["geometry"]

    async def testbench(ctx):
        for own, values in enumerate(((5, 289, 3), (6, 17, 2))):
            for row, value in enumerate(values):
                place = TWO_BANKS.address(geometry, row, bank=own)
                ctx.set(loader.load, {"valid": 1, "address": place, "data": value})
                await ctx.tick()
        ctx.set(loader.load.valid, 0)
        ctx.set(loader.at_work, bank)
        ctx.set(loader.receiving, 1 - bank)
        await ctx.tick().repeat(3)
        assert ctx.get(loader.drain_load.last_layer) == (5, 6)[bank]
        assert ctx.get(loader.last_output) == (3, 2)[bank]
        assert ctx.get(loader.last_beat) == (17, 289)[bank]
        assert ctx.get(loader.weights_load.read_bank) == bank

    simulate(loader, testbench)
