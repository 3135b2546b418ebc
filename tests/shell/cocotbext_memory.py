"""Runs in the simulator: cocotbext's memory on the AXI4 of a design, its master on the registers.

Frames are at random addresses, memory pauses, now and then for long, and answers with errors.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import warnings

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge
from frame_descriptors import descriptor, outcome, room

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # cocotbext still uses names that cocotb 2 deprecates
    from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiSlave

SETTINGS = json.loads(os.environ["BENCH"])
WORD = SETTINGS["word_bytes"]
SPAN = 1 << 20
BASE = SETTINGS["base"]
LONG = 3000
"""Cycles that a channel does not go on, now and then."""
PAYLOADS = {
    "aw": ("addr", "len", "size", "burst", "cache", "prot"),
    "w": ("data", "strb", "last"),
    "ar": ("addr", "len", "size", "burst", "cache", "prot"),
}


class Target:
    """Bytes, and addresses that are answered with an error."""

    def __init__(self):
        self.content = bytearray(SPAN)
        self.wrong = {"read": range(0), "write": range(0)}

    def _check(self, kind, address, length):
        assert address >= BASE
        assert address + length <= BASE + SPAN
        wrong = self.wrong[kind]
        if address < wrong.stop and wrong.start < address + length:
            raise ValueError("an error of memory")

    async def read(self, address, length):
        self._check("read", address, length)
        return bytes(self.content[address - BASE :][:length])

    async def write(self, address, data):
        self._check("write", address, len(data))
        self.put(address, data)

    def put(self, address, data):
        self.content[address - BASE : address - BASE + len(data)] = data

    def get(self, address, length):
        return bytes(self.content[address - BASE :][:length])


def pauses(rng, share):
    """Pauses at random; a long one now and then."""
    while True:
        yield from itertools.repeat(True, LONG if rng.random() < 1e-4 else 0)
        yield rng.random() < share


async def check_rules(dut, channel):
    """What is offered stays until it is taken, in every cycle."""
    signals = [getattr(dut, f"m_axi_{channel}{name}") for name in PAYLOADS[channel]]
    valid, ready = (getattr(dut, f"m_axi_{channel}{name}") for name in ("valid", "ready"))
    offered = None
    while True:
        await RisingEdge(dut.clk)
        await ReadOnly()  # what this edge has made, until the next one
        if dut.rst.value:
            offered = None
            continue
        now = tuple(int(signal.value) for signal in signals) if valid.value else None
        if offered is not None:
            assert now == offered, f"{channel} was withdrawn or has changed"
        offered = now
        # the model of memory has set `ready` behind the edge
        await FallingEdge(dut.clk)
        await ReadOnly()
        if now is not None and ready.value:
            offered = None


class Bench:
    """The design, its memory, and software."""

    def __init__(self, dut):
        self.dut = dut
        self.rng = random.Random(SETTINGS["seed"])
        self.target = Target()
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.memory = AxiSlave(
            AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target=self.target
        )
        write, read = self.memory.write_if, self.memory.read_if
        for index, channel in enumerate(
            (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel)
        ):
            channel.set_pause_generator(pauses(random.Random(index), 0.3))
        self.step = room(len(SETTINGS["inputs"]) + len(SETTINGS["outputs"]))

    async def read(self, name):
        return await self.registers.read_dword(SETTINGS["addresses"][name])

    async def write(self, name, value):
        await self.registers.write_dword(SETTINGS["addresses"][name], value)

    async def start(self, address):
        await self.write("dma.descriptor_low", address & 0xFFFFFFFF)
        await self.write("dma.descriptor_high", address >> 32)
        await self.write("dma.dma_control", 1)

    def allot(self, sizes):
        """Places of tensors that do not overlap, each often across 4 KB."""
        tensors = []
        for _, size in sizes:
            gap = self.rng.choice([WORD, 4096 - self.place % 4096 - size // 2])
            self.place += -(-max(gap, WORD) // WORD) * WORD
            tensors.append((self.place, size))
            self.place += -(-size // WORD) * WORD
        return tensors

    def put_frame(self, at, following, frame):
        """A frame in memory, and its descriptor."""
        inputs, outputs = self.allot(SETTINGS["inputs"]), self.allot(SETTINGS["outputs"])
        for (address, size), (offset, _) in zip(inputs, SETTINGS["inputs"], strict=True):
            self.target.put(address, frame[offset : offset + size].tobytes())
        self.target.put(at, descriptor(inputs, outputs, following))
        return inputs, outputs

    def check_frame(self, outputs, expected):
        for (address, size), (offset, _) in zip(outputs, SETTINGS["outputs"], strict=True):
            assert self.target.get(address, size) == expected[offset : offset + size].tobytes()

    async def stands_still(self):
        for _ in range(10_000):
            if not await self.read("dma.dma_status") & 1:
                return
        raise AssertionError("it hangs")


@cocotb.test
async def frames_and_faults(dut):
    """Lists of frames; in each of them one may be wrong in some way, and all others are right."""
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    dut.rst.value = 1
    bench = Bench(dut)
    for channel in PAYLOADS:
        cocotb.start_soon(check_rules(dut, channel))
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 5)
    vectors, rng = np.load(SETTINGS["vectors"]), bench.rng
    count = len(vectors["input"])
    found = dict.fromkeys(("right", "read", "write", "abort"), 0)
    for _ in range(SETTINGS["lists"]):
        places = [BASE + bench.step * i for i in range(SETTINGS["frames"] + 1)]
        bench.place = places[-1] + bench.step
        numbers = [rng.randrange(count) for _ in places[1:]]
        frames = [
            bench.put_frame(at, following, vectors["input"][number])
            for at, following, number in zip(places, places[1:], numbers, strict=False)
        ]
        bench.target.put(places[-1], descriptor([], [], places[-1], owned=False))
        fault = rng.choice(("none", "read", "write", "abort"))
        wrong = rng.randrange(len(frames))
        if fault in ("read", "write"):
            address, size = rng.choice(frames[wrong][fault == "write"])
            first = address + rng.randrange(size)
            bench.target.wrong[fault] = range(first, first + 1)
        await bench.start(places[0])
        if fault == "abort":
            await ClockCycles(dut.clk, rng.randrange(SETTINGS["abort_cycles"]))
            await bench.write("control.control", 3)
            while await bench.read("control.status") & 8:
                pass
            assert not await bench.read("dma.dma_status") & 1
            await bench.write("dma.dma_control", 2)
        await bench.stands_still()
        bench.target.wrong = {"read": range(0), "write": range(0)}
        for index, (at, (_, outputs), number) in enumerate(
            zip(places, frames, numbers, strict=False)
        ):
            given_back, result, size, cycles = outcome(bench.target.get(at, 16))
            assert given_back
            if result == 0:
                assert size == sum(size for _, size in outputs)
                assert cycles >= SETTINGS["latency"]
                bench.check_frame(outputs, vectors["output"][number])
                found["right"] += 1
            else:
                assert result == {"abort": 1, "read": 2, "write": 3}[fault]
                assert fault == "abort" or index == wrong
                found[fault] += 1
        causes = await bench.read("interrupt.error_cause")
        await bench.write("interrupt.error_cause", causes)
        assert causes == {"read": 0x40, "write": 0x80}.get(fault, 0)
    dut._log.info("frames %s", found)
    assert all(found.values()), found
    assert await bench.read("dma.current_low") == places[-1] & 0xFFFFFFFF
