"""Runs in the simulator: cocotbext's masters on the control bus of a design.

Meanwhile frames go through it, between cocotbext's source and sink.
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
from cocotb.triggers import ClockCycles, Combine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # cocotbext still uses names that cocotb 2 deprecates
    from cocotbext.apb import Apb4Bus, ApbMaster
    from cocotbext.axi import (
        AxiLiteBus,
        AxiLiteMaster,
        AxiStreamBus,
        AxiStreamFrame,
        AxiStreamSink,
        AxiStreamSource,
    )
    from cocotbext.wishbone.driver import WBOp, WishboneMaster

SETTINGS = json.loads(os.environ["BENCH"])


class AxiLite:
    """Registers by cocotbext-axi."""

    def __init__(self, dut, rng):
        self._master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        for channel in (
            *(self._master.write_if.aw_channel, self._master.write_if.w_channel),
            *(self._master.write_if.b_channel, self._master.read_if.ar_channel),
            self._master.read_if.r_channel,
        ):
            channel.set_pause_generator(pauses(rng, 0.3))

    async def read(self, address):
        return await self._master.read_dword(address)

    async def write(self, address, value, strobe):
        # cocotbext-axi makes strobes of lengths: bytes that belong together
        await self._master.write(address + strobe[0], value)


class Apb:
    """Registers by cocotbext-apb."""

    def __init__(self, dut, _):
        self._master = ApbMaster(Apb4Bus.from_prefix(dut, "s_apb"), dut.clk)

    async def read(self, address):
        return int.from_bytes(await self._master.read(address), "little")

    async def write(self, address, value, strobe):
        word = int.from_bytes(value, "little") << 8 * strobe[0]
        mask = ((1 << len(value)) - 1) << strobe[0]
        await self._master.write(address, word, strb=mask)


class WishboneB4:
    """Registers by cocotbext-wishbone."""

    def __init__(self, dut, rng):
        self._rng = rng
        names = ("cyc", "stb", "we", "adr", "sel", "ack", "err", "stall")
        signals = {name: name for name in names} | {"datwr": "dat_w", "datrd": "dat_r"}
        self._master = WishboneMaster(
            dut, "s_wb", dut.clk, timeout=100, width=32, signals_dict=signals
        )

    async def _access(self, address, data, select):
        idle = self._rng.choice((0, 0, 1, 3))
        (result,) = await self._master.send_cycle([WBOp(address // 4, data, idle, select)])
        assert result.ack == 1
        return int(result.datrd)

    async def read(self, address):
        return await self._access(address, None, 15)

    async def write(self, address, value, strobe):
        word = int.from_bytes(value, "little") << 8 * strobe[0]
        await self._access(address, word, ((1 << len(value)) - 1) << strobe[0])


MASTERS = {"axi-lite": AxiLite, "apb": Apb, "wishbone": WishboneB4}


def pauses(rng, share):
    """Pauses at random."""
    return (rng.random() < share for _ in itertools.count())


async def access(registers, rng):
    """Random reads, and writes of any bytes that belong together, of a register that holds them."""
    scratch = SETTINGS["scratch"]
    await registers.write(scratch, bytes(4), (0, 4))
    model = bytearray(4)
    for _ in range(SETTINGS["accesses"]):
        if rng.random() < 0.5:
            first = rng.randrange(4)
            last = rng.randrange(first, 4)
            value = rng.randbytes(last + 1 - first)
            await registers.write(scratch, value, (first, last + 1))
            model[first : last + 1] = value
        elif rng.random() < 0.8:
            assert await registers.read(scratch) == int.from_bytes(model, "little")
        else:
            assert await registers.read(SETTINGS["magic"][0]) == SETTINGS["magic"][1]


async def stream(source, sink, frames, expected):
    """All frames, and what comes of them."""
    for frame in frames:
        source.send_nowait(AxiStreamFrame(frame.tobytes()))
    for index, want in enumerate(expected):
        found = await sink.recv(compact=False)
        assert bytes(found.tdata)[: len(want)] == want.tobytes(), f"frame {index}"


@cocotb.test
async def masters_and_streams(dut):
    """Accesses and frames at the same time."""
    rng = random.Random(1)
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
    dut.rst.value = 1
    registers = MASTERS[SETTINGS["bus"]](dut, rng)
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 5)
    source.set_pause_generator(pauses(random.Random(2), 0.2))
    sink.set_pause_generator(pauses(random.Random(3), 0.4))
    vectors, count = np.load(SETTINGS["vectors"]), SETTINGS["frames"]
    frames, expected = (
        np.resize(vectors[name], (count, vectors[name].shape[1])) for name in ("input", "output")
    )
    await Combine(
        cocotb.start_soon(access(registers, rng)),
        cocotb.start_soon(stream(source, sink, frames, expected)),
    )
    low = SETTINGS["delivered"]
    assert await registers.read(low) == count
    assert await registers.read(low + 4) == 0
