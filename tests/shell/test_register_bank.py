"""The register bank, cycle by cycle, against registers in Python."""

from __future__ import annotations

import random

import pytest
from amaranth.sim import Simulator
from register_maps import INPUT, OUTPUT, loaded_map, small_map
from register_model import Addresses, RegisterModel

from nnhw.registers.register_map import is_constant
from nnhw.shell.register_bank import RegisterBank

CYCLES = 1500
COUNTERS = (
    "frames_accepted",
    "frames_dropped",
    "frames_delivered",
    "frame_cycles",
    "input_stalls",
    "output_stalls",
)


@pytest.mark.parametrize("bus_errors", [False, True])
@pytest.mark.parametrize("tensors", [(INPUT, OUTPUT), (INPUT,) * 3 + (OUTPUT,) * 47])
def test_register_bank(bus_errors, tensors):
    rng = random.Random(1)
    registers = small_map(tensors)
    bank = RegisterBank(registers=registers, bus_errors=bus_errors)
    model, addresses = RegisterModel(registers), Addresses(registers)
    status = [name for name in bank.signature.members if name.startswith("status_")]
    flags = [n for n in bank.signature.members if n.startswith(("irq_status_", "error_cause_"))]
    assert (len(status), len(flags)) == (5, 5)

    async def testbench(ctx):
        answer = (0, 0)
        for cycle in range(CYCLES):
            inputs = {name: rng.randrange(2) for name in status}
            inputs |= {name: int(rng.random() < 0.05) for name in flags}
            inputs |= {name: rng.getrandbits(64) for name in COUNTERS}
            for name, value in inputs.items():
                ctx.set(getattr(bank, name), value)
            valid, write = int(rng.random() < 0.8), rng.randrange(2)
            address, strobe = (
                addresses.draw(rng),
                rng.choice((15, 15, rng.randrange(16))),
            )
            data = rng.choice((0, 0xFFFFFFFF, rng.getrandbits(32)))
            for name, value in (
                ("valid", valid),
                ("write", write),
                ("address", address // 4),
                ("write_data", data),
                ("strobe", strobe),
            ):
                ctx.set(getattr(bank.bus, name), value)
            irq = model.irq
            outputs = {
                "control_enable": model.stored["control"] & 1,
                "irq_enable_error": model.stored["irq_enable"] >> 1 & 1,
                "scratch_value": model.stored["scratch"],
            }
            commands, expected = {}, None
            if valid and write:
                commands = model.write(address, data, strobe)
            elif valid:
                expected = model.read(address, inputs)
            model.set_flags(inputs)
            _, _, got_irq, abort, read, error, *got = await ctx.tick().sample(
                bank.irq,
                bank.control_abort,
                bank.bus.read_data,
                bank.bus.error,
                *(getattr(bank, name) for name in outputs),
            )
            assert got_irq == irq, cycle
            assert abort == commands.get("control_abort", 0), cycle
            assert got == list(outputs.values()), cycle
            assert answer[0] is None or read == answer[0], cycle
            assert error == answer[1], cycle
            is_error = bus_errors and valid and not model.is_mapped(address)
            answer = (expected, int(is_error))

    simulator = Simulator(bank)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("banks", [1, 2])
def test_loaded_registers(banks):
    """What is loaded reads where constants are, once it is valid; and how words are handed on."""
    rng = random.Random(2)
    registers = loaded_map(banks=banks)
    assert registers.banks == banks
    bank, model = RegisterBank(registers=registers), RegisterModel(registers)
    model.loaded = {row: rng.getrandbits(32) for row in range(256 * banks)}
    known = [placed.address for placed in registers if is_constant(placed.register)]
    others = [p.address for p in registers if p.block.name == "load"]
    status = {name: 0 for name in bank.signature.members if name.startswith("status_")}
    status |= dict.fromkeys(COUNTERS, 0)

    async def testbench(ctx):
        for row, word in model.loaded.items():
            ctx.set(bank.description, {"valid": 1, "row": row, "data": word})
            await ctx.tick()
        ctx.set(bank.description, {"valid": 0, "row": 0, "data": 0})
        answer, handed_on = None, 0
        for cycle in range(CYCLES):
            inputs = status | {"load_status_running": rng.randrange(2)}
            inputs["load_status_ready"] = rng.randrange(2)
            inputs |= {"load_status_free": rng.randrange(2)} if banks > 1 else {}
            for name in (name for name in inputs if name.startswith("load_status")):
                ctx.set(getattr(bank, name), inputs[name])
            write, strobe = rng.random() < 0.3, rng.choice((15, 15, rng.randrange(16)))
            some = rng.random()
            address = rng.choice(known if some < 0.5 else others)
            address = rng.randrange(0, registers.window, 4) if some < 0.1 else address
            data = rng.getrandbits(32)
            for name, value in (
                ("valid", 1),
                ("write", int(write)),
                ("address", address // 4),
                ("write_data", data),
                ("strobe", strobe),
            ):
                ctx.set(getattr(bank.bus, name), value)
            expected = None if write else model.read(address, inputs)
            commands = model.write(address, data, strobe) if write else {}
            used = rng.randrange(2)
            ctx.set(bank.load_address_value_used, used)
            is_pointed = write and address == 0x108
            if used and not is_pointed:
                stored = model.stored["load_address"]
                model.stored["load_address"] = stored + 1 & 0xFFFFFFFF
            _, _, read, is_written, word = await ctx.tick().sample(
                bank.bus.read_data, bank.load_data_value_written, bank.load_data_value
            )
            assert answer is None or read == answer, cycle
            assert is_written == ("load_data_value_written" in commands), cycle
            assert not is_written or word == commands["load_data_value_written"], cycle
            handed_on += is_written
            assert ctx.get(bank.load_address_value) == model.stored["load_address"], cycle
            answer = expected
        assert handed_on > 10

    simulator = Simulator(bank)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_absent_blocks_read_zero():
    """Without counters: there are no ports for them, and their addresses read zero."""
    bank = RegisterBank(registers=small_map(absent=frozenset({"counters"})), bus_errors=True)
    assert not any(name in bank.signature.members for name in COUNTERS)

    async def testbench(ctx):
        ctx.set(bank.bus.valid, 1)
        for address in range(0x0C0, 0x100, 4):
            ctx.set(bank.bus.address, address // 4)
            await ctx.tick()
            assert (ctx.get(bank.bus.read_data), ctx.get(bank.bus.error)) == (0, 1)
        ctx.set(bank.bus.address, 0)
        await ctx.tick()
        assert (ctx.get(bank.bus.read_data), ctx.get(bank.bus.error)) == (0x57484E4E, 0)

    simulator = Simulator(bank)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
