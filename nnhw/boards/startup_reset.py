"""The reset after configuration."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


class StartupReset(wiring.Component):
    """Holds a design in reset until its clock is good and its memories have their contents.

    Parameters
    ----------
    cycles : int
        How long the reset lasts once the clock is good, a power of two.

    Members
    -------
    clock : In(1)
    locked : In(1)
        The clock is good; may change at any time.
    reset : Out(1)

    Raises
    ------
    ValueError
        If `cycles` is not a power of two.
    """

    def __init__(self, *, cycles: int):
        if cycles < 2 or cycles & (cycles - 1):
            raise ValueError(f"cycles must be a power of two, not {cycles}")
        self.cycles = cycles
        super().__init__({"clock": In(1), "locked": In(1), "reset": Out(1)})

    def elaborate(self, platform):
        m = Module()
        # these registers make the reset, and have none: they start from their initial values
        m.domains.startup = startup = ClockDomain(reset_less=True, local=True)
        m.d.comb += startup.clk.eq(self.clock)
        locked = Signal()
        m.submodules.synchronizer = FFSynchronizer(self.locked, locked, o_domain="startup")
        left = Signal(range(self.cycles), init=self.cycles - 1)
        m.d.startup += self.reset.eq(~locked | (left != 0))
        with m.If(~locked):
            m.d.startup += left.eq(self.cycles - 1)
        with m.Elif(left != 0):
            m.d.startup += left.eq(left - 1)
        return m
