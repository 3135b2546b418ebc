"""APB4 (ARM IHI 0024), which masters of APB3 use with all strobes high."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..hdl.parameters import check_integers
from .bus_signature import bus_members
from .register_bus import RegisterBus


class ApbFrontEnd(wiring.Component):
    """A completer of APB, without wait states.

    The registers are asked in the setup phase, so that they have answered in the access phase. The
    protection bits are ignored, and so are strobes of reads.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes, at least 3.

    Members
    -------
    paddr, pprot, ..., pslverr
        The bus; see `BUSES`.
    bus : Out(RegisterBus(address_bits))

    Attributes
    ----------
    latency : int
        Cycles from the setup phase to the answer.
    """

    latency = 1

    def __init__(self, *, address_bits: int):
        check_integers(self, least=3, address_bits=address_bits)
        super().__init__(
            {
                **bus_members("apb", address_bits),
                "bus": Out(RegisterBus(address_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        m.d.comb += [
            bus.valid.eq(self.psel & ~self.penable),
            bus.write.eq(self.pwrite),
            bus.address.eq(self.paddr[2:]),
            bus.write_data.eq(self.pwdata),
            bus.strobe.eq(self.pstrb),
            self.prdata.eq(bus.read_data),
            self.pready.eq(1),
            self.pslverr.eq(bus.error & self.psel & self.penable),
        ]
        return m
