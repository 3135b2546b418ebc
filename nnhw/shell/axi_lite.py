"""AXI4-Lite (ARM IHI 0022)."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..hdl.parameters import check_integers
from .bus_signature import bus_members
from .register_bus import RegisterBus

_WORD = slice(2, None)


class AxiLiteFrontEnd(wiring.Component):
    """A subordinate of AXI4-Lite.

    Each channel holds one transfer, so that address and data of a write may come in any order, and
    every output but `RegisterBus` comes from a register. One read and one write at a time are
    answered; a read that comes together with a write waits for it. The protection bits are ignored.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes, at least 3.

    Members
    -------
    awaddr, awprot, ..., rready
        The bus; see `BUSES`. bresp and rresp are OKAY, or SLVERR where the registers say so.
    bus : Out(RegisterBus(address_bits))

    Attributes
    ----------
    latency : int
        Cycles from an address that is taken, with a write's data, to the answer's valid.
    """

    latency = 3

    def __init__(self, *, address_bits: int):
        check_integers(self, least=3, address_bits=address_bits)
        super().__init__(
            {
                **bus_members("axi-lite", address_bits),
                "bus": Out(RegisterBus(address_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        has_address, write_address = self._hold(m, "aw", self.awaddr[_WORD])
        has_data, write = self._hold(m, "w", Cat(self.wdata, self.wstrb))
        has_read, read_address = self._hold(m, "ar", self.araddr[_WORD])
        writes = Signal()
        reads = Signal()
        asked_write = Signal()
        asked_read = Signal()
        m.d.comb += [
            writes.eq(has_address & has_data & ~asked_write & ~self.bvalid),
            reads.eq(has_read & ~asked_read & ~self.rvalid & ~writes),
            bus.valid.eq(writes | reads),
            bus.write.eq(writes),
            Cat(bus.write_data, bus.strobe).eq(write),
            bus.address.eq(read_address),
        ]
        with m.If(writes):
            m.d.comb += bus.address.eq(write_address)
            m.d.sync += [has_address.eq(0), has_data.eq(0)]
        with m.If(reads):
            m.d.sync += has_read.eq(0)
        m.d.sync += [asked_write.eq(writes), asked_read.eq(reads)]

        with m.If(self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(asked_write):
            m.d.sync += [self.bvalid.eq(1), self.bresp.eq(Cat(0, bus.error))]
        with m.If(self.rready):
            m.d.sync += self.rvalid.eq(0)
        with m.If(asked_read):
            m.d.sync += [
                self.rvalid.eq(1),
                self.rresp.eq(Cat(0, bus.error)),
                self.rdata.eq(bus.read_data),
            ]
        return m

    def _hold(self, m: Module, channel: str, payload) -> tuple[Signal, Signal]:
        """A register for a transfer of a channel: whether there is one, and what it says."""
        valid, ready = getattr(self, f"{channel}valid"), getattr(self, f"{channel}ready")
        has = Signal(name=f"{channel}_held")
        held = Signal(len(payload), name=f"{channel}_payload")
        m.d.comb += ready.eq(~has)
        with m.If(valid & ready):
            m.d.sync += [has.eq(1), held.eq(payload)]
        return has, held
