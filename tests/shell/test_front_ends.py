"""Front ends of the control buses: random accesses with pauses, and the rules of each bus."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator
from bus_masters import MASTERS
from register_maps import small_map
from register_model import Addresses, RegisterModel
from test_register_bank import COUNTERS

from nnhw.shell.register_bank import RegisterBank
from nnhw.shell.register_shell import FRONT_ENDS

SOME = 200


@pytest.mark.parametrize(
    ("accesses", "bus_errors"),
    [(SOME, False), (SOME, True), pytest.param(10_000, True, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("bus", FRONT_ENDS)
def test_front_end(bus, accesses, bus_errors):
    registers = small_map()
    rng = random.Random(2)
    m = Module()
    m.submodules.front_end = front_end = FRONT_ENDS[bus](address_bits=registers.address_bits)
    m.submodules.bank = bank = RegisterBank(registers=registers, bus_errors=bus_errors)
    connect(m, front_end.bus, bank.bus)
    inputs = {name: 0 for name in bank.signature.members if name.startswith("status_")}
    inputs["status_busy"] = inputs["status_sending"] = 1
    inputs |= {name: rng.getrandbits(64) for name in COUNTERS}
    addresses = Addresses(registers)
    model, master = RegisterModel(registers), MASTERS[bus](front_end, seed=3)

    async def testbench(ctx):
        for name, value in inputs.items():
            ctx.set(getattr(bank, name), value)
        for number in range(accesses):
            address = addresses.draw(rng)
            address += rng.randrange(4)  # the word counts
            is_error = int(bus_errors and not model.is_mapped(address))
            if rng.randrange(2):
                data, strobe = rng.getrandbits(32), rng.randrange(16)
                model.write(address, data, strobe)
                assert await master.write(ctx, address, data, strobe) == is_error, number
            else:
                expected = model.read(address, inputs)
                assert await master.read(ctx, address) == (expected, is_error), number

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_testbench(master.watch, background=True)
    simulator.run()


def test_axi_lite_reads_and_writes_at_once():
    """Reads and writes share the registers, and neither waits for the other one's answer."""
    registers = small_map()
    m = Module()
    m.submodules.front_end = front_end = FRONT_ENDS["axi-lite"](address_bits=12)
    m.submodules.bank = bank = RegisterBank(registers=registers)
    connect(m, front_end.bus, bank.bus)
    model, addresses = RegisterModel(registers), Addresses(registers)
    reader, writer = (MASTERS["axi-lite"](front_end, seed=seed) for seed in (4, 5))
    done = []

    async def write(ctx):
        for number in range(100):
            assert await writer.write(ctx, 0x088, number, 15) == 0
        done.append(True)

    async def read(ctx):
        last, count = 0, 0
        while not done:
            data, _ = await reader.read(ctx, 0x088)
            assert last <= data < 100
            last, count = data, count + 1
            address = addresses.draw(reader.rng)
            if address in model.words:
                assert await reader.read(ctx, address) == (model.read(address, {}), 0)
        assert count > 10

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(write)
    simulator.add_testbench(read)
    simulator.add_testbench(writer.watch, background=True)
    simulator.run()


def test_axi_lite_holds_an_answer():
    """An answer that is not taken for long holds back nothing but its own channel."""
    m = Module()
    m.submodules.front_end = front_end = FRONT_ENDS["axi-lite"](address_bits=12)
    m.submodules.bank = bank = RegisterBank(registers=small_map())
    connect(m, front_end.bus, bank.bus)
    master = MASTERS["axi-lite"](front_end, seed=6)

    async def testbench(ctx):
        for name in ("awvalid", "wvalid"):
            ctx.set(getattr(front_end, name), 1)
        await ctx.tick()
        for name in ("awvalid", "wvalid"):
            ctx.set(getattr(front_end, name), 0)
        for _ in range(20):
            assert (await master.read(ctx, 0x080))[0] == 1
        assert ctx.get(front_end.bvalid)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_testbench(master.watch, background=True)
    simulator.run()
