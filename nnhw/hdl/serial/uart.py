"""Asynchronous serial lines: eight data bits, no parity, one stop bit."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

SMALLEST_DIVISOR = 4
"""Clock cycles a bit that the receiver needs to meet the middle of bits."""

_DATA_BITS = 8


class UartReceiver(wiring.Component):
    """Octets from a serial line, sampled in the middle of each bit.

    After a stop bit that is none it waits until the line is at rest before it looks for the next
    start bit.

    Parameters
    ----------
    divisor : int
        Clock cycles a bit.

    Members
    -------
    line : In(1)
        May change at any time; at rest it is 1.
    octet : Out(8)
    valid : Out(1)
        There is an octet, for one cycle.
    error : Out(1)
        The stop bit was none, for one cycle.

    Raises
    ------
    ValueError
        If the divisor is smaller than `SMALLEST_DIVISOR`.
    """

    def __init__(self, *, divisor: int):
        _check(divisor)
        self.divisor = divisor
        super().__init__(
            {"line": In(1, init=1), "octet": Out(_DATA_BITS), "valid": Out(1), "error": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.line, line, init=1)
        timer = Signal(range(self.divisor))
        count = Signal(range(_DATA_BITS))
        sample = Signal()
        m.d.comb += sample.eq(timer == 0)
        m.d.sync += [
            timer.eq(timer - 1),
            self.valid.eq(0),
            self.error.eq(0),
        ]
        with m.If(sample):
            m.d.sync += timer.eq(self.divisor - 1)
        with m.FSM():
            with m.State("REST"):
                m.d.sync += timer.eq(self.divisor // 2 - 1)
                with m.If(~line):
                    m.next = "START"
            with m.State("START"), m.If(sample):
                # what is shorter than half a bit is no start bit
                with m.If(line):
                    m.next = "REST"
                with m.Else():
                    m.next = "DATA"
            with m.State("DATA"), m.If(sample):
                m.d.sync += [
                    self.octet.eq(Cat(self.octet[1:], line)),
                    count.eq(count + 1),
                ]
                with m.If(count == _DATA_BITS - 1):
                    m.next = "STOP"
            with m.State("STOP"), m.If(sample):
                m.d.sync += [self.valid.eq(line), self.error.eq(~line)]
                with m.If(line):
                    m.next = "REST"
                with m.Else():
                    m.next = "BREAK"
            with m.State("BREAK"), m.If(line):
                m.next = "REST"
        return m


class UartTransmitter(wiring.Component):
    """Octets to a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles a bit.

    Members
    -------
    octets : In(stream.Signature(8))
    line : Out(1)
        1 at rest, and from reset on.

    Raises
    ------
    ValueError
        If the divisor is smaller than `SMALLEST_DIVISOR`.
    """

    def __init__(self, *, divisor: int):
        _check(divisor)
        self.divisor = divisor
        super().__init__({"octets": In(stream.Signature(_DATA_BITS)), "line": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        timer = Signal(range(self.divisor))
        # the bits that are left to send; a one above them marks their end and is the stop bit
        left = Signal(_DATA_BITS + 1)
        running = Signal()
        m.d.comb += self.octets.ready.eq(~running)
        with m.If(running):
            m.d.sync += timer.eq(timer - 1)
            with m.If(timer == 0):
                m.d.sync += timer.eq(self.divisor - 1)
                with m.If(left == 0):
                    m.d.sync += running.eq(0)
                with m.Else():
                    m.d.sync += [self.line.eq(left[0]), left.eq(left >> 1)]
        with m.Elif(self.octets.valid):
            m.d.sync += [
                running.eq(1),
                timer.eq(self.divisor - 1),
                self.line.eq(0),
                left.eq(Cat(self.octets.payload, C(1, 1))),
            ]
        return m


def _check(divisor: int) -> None:
    if divisor < SMALLEST_DIVISOR:
        raise ValueError(f"divisor must be at least {SMALLEST_DIVISOR}, not {divisor}")
