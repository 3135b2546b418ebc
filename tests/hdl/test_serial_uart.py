"""Serial receiver and transmitter, each against a model of the line."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from bench import simulate

from nnhw.hdl.serial import SMALLEST_DIVISOR, UartReceiver, UartTransmitter


def bits_of(octet: int) -> list[int]:
    """What an octet looks like on the line: start bit, data, stop bit."""
    return [0, *(octet >> bit & 1 for bit in range(8)), 1]


def receive(divisor: int, line: list[int]) -> list[int | None]:
    """What a receiver makes of a line, one level a cycle; None for an error."""
    receiver = UartReceiver(divisor=divisor)
    got: list[int | None] = []

    async def testbench(ctx):
        for level in line:
            ctx.set(receiver.line, level)
            _, _, octet, valid, error = await ctx.tick().sample(
                receiver.octet, receiver.valid, receiver.error
            )
            assert not (valid and error)
            if valid:
                got.append(octet)
            if error:
                got.append(None)

    simulate(receiver, testbench)
    return got


def stretched(bits: list[int], cycles: float) -> list[int]:
    """Levels by the cycle, with bits of any length."""
    return [bits[int(cycle / cycles)] for cycle in range(int(len(bits) * cycles))]


# a receiver samples the stop bit 9.5 bits after the start, up to 1.5 cycles late or early
@pytest.mark.parametrize(
    ("divisor", "drift"), [(4, 0), (5, 0), (8, 0.02), (8, -0.02), (27, 0.04), (27, -0.04)]
)
def test_receives(divisor, drift):
    octets = [0x00, 0xFF, 0x55, 0xAA, *np.random.default_rng(divisor).integers(0, 256, 20).tolist()]
    bits = [1, 1, *(bit for octet in octets for bit in bits_of(octet)), 1, 1]
    assert receive(divisor, stretched(bits, divisor * (1 + drift))) == octets


def test_receiver_ignores_short_spikes():
    rest = [1] * 12
    line = [*rest, 0, 0, *rest, *stretched(bits_of(0x6B), 8), *rest, 0, *rest]
    assert receive(8, line) == [0x6B]


def test_receiver_recovers_after_a_break():
    line = [*[1] * 8, *[0] * 200, *[1] * 8, *stretched(bits_of(0x6B), 8), *[1] * 8]
    assert receive(8, line) == [None, 0x6B]


@pytest.mark.parametrize("divisor", [4, 7])
def test_transmits(divisor):
    octets = [0x00, 0xFF, 0x80, *np.random.default_rng(divisor).integers(0, 256, 9).tolist()]
    transmitter = UartTransmitter(divisor=divisor)
    line: list[int] = []
    waiting = list(octets)

    async def testbench(ctx):
        for _ in range(13 * divisor * len(octets)):
            ctx.set(transmitter.octets.valid, bool(waiting))
            ctx.set(transmitter.octets.payload, waiting[0] if waiting else 0)
            _, _, ready, level = await ctx.tick().sample(transmitter.octets.ready, transmitter.line)
            line.append(level)
            if waiting and ready:
                waiting.pop(0)

    simulate(transmitter, testbench)
    assert line[0] == 1
    got = []
    cycle = 0
    while 0 in line[cycle:]:
        start = line.index(0, cycle)
        samples = [line[start + divisor // 2 + bit * divisor] for bit in range(10)]
        assert (samples[0], samples[-1]) == (0, 1)
        got.append(sum(bit << place for place, bit in enumerate(samples[1:-1])))
        cycle = start + 10 * divisor
    assert got == octets


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("component", [UartReceiver, UartTransmitter])
def test_refuses_small_divisors(component):
    with pytest.raises(ValueError, match="at least 4, not 3"):
        component(divisor=SMALLEST_DIVISOR - 1)
    gc.collect()  # here, where Amaranth's warning about what is made and not used is ignored
