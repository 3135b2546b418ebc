"""Memory into a stream and back: transfers, bursts and the rules of AXI4."""

from __future__ import annotations

import random

import pytest
from amaranth.sim import Simulator
from axi_memory import BOUNDARY, DECERR, OKAY, SLVERR, AxiMemory

from nnhw.registers import BURST_BEATS, MOST_OUTSTANDING
from nnhw.shell.dma.memory_reader import MemoryReader
from nnhw.shell.dma.memory_writer import MemoryWriter

BASE = 0x1000
SPAN = 3 * 4096
KINDS = [(32, 4, 1.0), (64, 8, 0.3), (32, 8, 0.7)]
"""Bits of an address, bytes of a word, pace."""


def random_transfers(rng: random.Random, count: int, word_bytes: int) -> list[tuple[int, int]]:
    """Addresses and bytes; pieces of memory that do not overlap, also across 4 KB."""
    transfers, place = [], BASE + word_bytes * rng.randrange(100)
    for index in range(count):
        size = rng.choice([1, word_bytes, rng.randrange(1, 40), rng.randrange(1, 900)])
        if index == 0:
            place, size = 2 * BOUNDARY - 320, 600 + rng.randrange(20)
        transfers.append((place, size))
        place += word_bytes * (-(-size // word_bytes) + rng.randrange(80))
    rng.shuffle(transfers)
    return transfers


async def give_transfers(ctx, component, transfers, rng):
    """Offer transfers one after the other; the last one says so."""
    for index, (address, size) in enumerate(transfers):
        while rng.random() < 0.3:
            await ctx.tick()
        last = index == len(transfers) - 1
        ctx.set(component.transfers.payload, {"address": address, "bytes": size, "last": last})
        ctx.set(component.transfers.valid, 1)
        await ctx.tick().until(component.transfers.ready)
        ctx.set(component.transfers.valid, 0)


def simulate(component, memory, *testbenches):
    """Until the first testbench has ended."""
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbenches[0])
    for testbench in (memory.run, *testbenches[1:]):
        simulator.add_testbench(testbench, background=True)
    simulator.run()


@pytest.mark.parametrize(("address_bits", "word_bytes", "pace"), KINDS)
def test_all_is_read(address_bits, word_bytes, pace):
    """Words of all transfers in order, whatever pauses; the last one is marked."""
    rng = random.Random(f"read {address_bits} {word_bytes} {pace}")
    reader = MemoryReader(address_bits=address_bits, word_bytes=word_bytes)
    memory = AxiMemory(reader, word_bytes=word_bytes, rng=rng, pace=pace)
    transfers = random_transfers(rng, 8, word_bytes)
    memory.load(BASE, rng.randbytes(SPAN))
    expected = [
        memory.read(address + word_bytes * word, word_bytes)
        for address, size in transfers
        for word in range(-(-size // word_bytes))
    ]

    async def source(ctx):
        await give_transfers(ctx, reader, transfers, random.Random(1))

    async def testbench(ctx):
        for index, want in enumerate(expected):
            ready = False
            while True:
                ready = rng.random() < pace
                ctx.set(reader.words.ready, ready)
                sampled = ctx.tick().sample(reader.words.valid, reader.words.payload)
                _, _, valid, word = await sampled
                if valid and ready:
                    break
            assert word.data == int.from_bytes(want, "little"), index
            assert word.last == (index == len(expected) - 1), index
        await ctx.tick().repeat(20)
        assert ctx.get(reader.idle)
        assert not ctx.get(reader.words.valid)

    simulate(reader, memory, testbench, source)
    assert max(beats for _, _, beats in memory.bursts) == BURST_BEATS
    assert memory.most_outstanding["read"] <= MOST_OUTSTANDING


def test_a_reader_goes_on_as_fast_as_memory():
    """A beat each cycle, and no more asked for than there is room."""
    reader = MemoryReader(address_bits=32, word_bytes=4)
    memory = AxiMemory(reader, word_bytes=4, rng=random.Random(0))
    memory.load(BASE, bytes(range(256)) * 16)

    async def source(ctx):
        await give_transfers(ctx, reader, [(BASE, 800)], random.Random(3))

    async def testbench(ctx):
        # nobody takes a word: all that was asked for has room
        await ctx.tick().repeat(100)
        assert sum(beats for _, _, beats in memory.bursts) == MOST_OUTSTANDING * BURST_BEATS
        assert ctx.get(reader.idle)
        ctx.set(reader.words.ready, 1)
        for _ in range(200):
            assert ctx.get(reader.words.valid)
            await ctx.tick()

    simulate(reader, memory, testbench, source)


@pytest.mark.parametrize(("address_bits", "word_bytes", "pace"), KINDS)
def test_all_is_written(address_bits, word_bytes, pace):
    """All bytes of transfers, and none beside them."""
    rng = random.Random(f"write {address_bits} {word_bytes} {pace}")
    writer = MemoryWriter(address_bits=address_bits, word_bytes=word_bytes)
    memory = AxiMemory(writer, word_bytes=word_bytes, rng=rng, pace=pace)
    transfers = random_transfers(rng, 8, word_bytes)
    contents = [rng.randbytes(size) for _, size in transfers]

    async def source(ctx):
        await give_transfers(ctx, writer, transfers, random.Random(1))

    async def testbench(ctx):
        for content in contents:
            for first in range(0, len(content), word_bytes):
                while rng.random() >= pace:
                    await ctx.tick()
                word = content[first : first + word_bytes].ljust(word_bytes, b"\xff")
                ctx.set(writer.words.payload, int.from_bytes(word, "little"))
                ctx.set(writer.words.valid, 1)
                await ctx.tick().until(writer.words.ready)
                ctx.set(writer.words.valid, 0)
        while not ctx.get(writer.idle):
            await ctx.tick()
        assert memory.is_quiet

    simulate(writer, memory, testbench, source)
    for (address, size), content in zip(transfers, contents, strict=True):
        assert memory.read(address, size) == content
    assert memory.written == {a + i for a, size in transfers for i in range(size)}
    assert memory.most_outstanding["write"] <= MOST_OUTSTANDING


@pytest.mark.parametrize("response", [SLVERR, DECERR])
def test_errors_are_seen(response):
    """An error of one burst is told once for a write, for each beat of a read."""
    for kind in ("read", "write"):
        rng = random.Random(kind)
        side = (MemoryReader if kind == "read" else MemoryWriter)(address_bits=32, word_bytes=4)
        wrong = BASE + 64
        memory = AxiMemory(
            side,
            word_bytes=4,
            rng=rng,
            pace=0.7,
            answer=lambda _, address: response if address == wrong else OKAY,  # noqa: B023
        )
        failures = []

        async def source(ctx):
            await give_transfers(ctx, side, [(BASE, 200)], random.Random(1))  # noqa: B023

        async def testbench(ctx):
            if kind == "read":  # noqa: B023
                ctx.set(side.words.ready, 1)  # noqa: B023
            else:
                ctx.set(side.words.valid, 1)  # noqa: B023
            for _ in range(200):
                _, _, failed = await ctx.tick().sample(side.failed)  # noqa: B023
                failures.append(failed)  # noqa: B023
            assert ctx.get(side.idle)  # noqa: B023

        simulate(side, memory, testbench, source)
        assert sum(failures) == (BURST_BEATS if kind == "read" else 1)


@pytest.mark.parametrize("kind", ["read", "write"])
def test_stopped_at_any_moment(kind):
    """Bursts that have begun are finished; the next transfer has nothing of the stopped one."""
    rng = random.Random(f"stop {kind}")
    side = (MemoryReader if kind == "read" else MemoryWriter)(address_bits=32, word_bytes=8)
    memory = AxiMemory(side, word_bytes=8, rng=rng, pace=0.6)
    memory.load(BASE, rng.randbytes(SPAN))

    async def move(ctx, address, size, limit):
        """Words of a transfer, until so many cycles have passed."""
        ctx.set(side.transfers.payload, {"address": address, "bytes": size, "last": 1})
        ctx.set(side.transfers.valid, 1)
        moved, given = [], rng.getrandbits(64)
        for _ in range(limit):
            goes = rng.random() < 0.7
            if kind == "read":
                ctx.set(side.words.ready, goes)
                signals = (side.words.valid, side.words.payload.data, side.words.payload.last)
            else:
                ctx.set(side.words.valid, goes)
                ctx.set(side.words.payload, given)
                signals = (side.words.ready, side.words.payload, side.idle)
            _, _, took, other, word, last = await ctx.tick().sample(side.transfers.ready, *signals)
            if took:
                ctx.set(side.transfers.valid, 0)
            if goes and other:
                moved.append(word)
                given = rng.getrandbits(64)
                if len(moved) == size // 8:
                    assert last or kind == "write"
                    break
        ctx.set(side.words.ready if kind == "read" else side.words.valid, 0)
        return moved

    async def testbench(ctx):
        for _ in range(15):
            address, size = BASE + 8 * rng.randrange(600), 8 * rng.randrange(1, 90)
            await move(ctx, address, size, rng.randrange(1, 150))
            ctx.set(side.transfers.valid, 0)
            ctx.set(side.stop, 1)
            await ctx.tick().until(side.idle)
            assert memory.is_quiet
            ctx.set(side.stop, 0)
            address, size = BASE + 8 * rng.randrange(600), 8 * rng.randrange(1, 90)
            moved = await move(ctx, address, size, 1000)
            while not ctx.get(side.idle):
                await ctx.tick()
            if kind == "write":
                assert memory.is_quiet
            content = b"".join(word.to_bytes(8, "little") for word in moved)
            assert memory.read(address, size) == content

    simulate(side, memory, testbench)
