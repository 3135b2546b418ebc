"""Wishbone B4 in its pipelined mode (OpenCores, revision B4)."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..hdl.parameters import check_integers
from .bus_signature import bus_members
from .register_bus import READ_LATENCY, RegisterBus


class WishboneFrontEnd(wiring.Component):
    """A device of Wishbone: 32 bits of data, bytes selected one by one, addresses count words.

    It answers in the cycle after an access, and stalls meanwhile: so a master of the standard mode,
    which holds its strobe until the answer and knows no stall, is served right, too.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes, at least 3.

    Members
    -------
    cyc, stb, ..., stall
        The bus; see `BUSES`. An access is answered by ack, or by err where the registers say so;
        not if cyc has gone meanwhile.
    bus : Out(RegisterBus(address_bits))

    Attributes
    ----------
    latency : int
        Cycles from an access to its answer.
    """

    latency = READ_LATENCY

    def __init__(self, *, address_bits: int):
        check_integers(self, least=3, address_bits=address_bits)
        super().__init__(
            {
                **bus_members("wishbone", address_bits),
                "bus": Out(RegisterBus(address_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        asked = Signal()
        m.d.comb += [
            bus.valid.eq(self.cyc & self.stb & ~asked),
            bus.write.eq(self.we),
            bus.address.eq(self.adr),
            bus.write_data.eq(self.dat_w),
            bus.strobe.eq(self.sel),
            self.dat_r.eq(bus.read_data),
            self.stall.eq(asked),
            self.ack.eq(asked & self.cyc & ~bus.error),
            self.err.eq(asked & self.cyc & bus.error),
        ]
        m.d.sync += asked.eq(bus.valid)
        return m
