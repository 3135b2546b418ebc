"""An LED that people can see blink."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class ActivityLight(wiring.Component):
    """Stretches activity, however short.

    Parameters
    ----------
    cycles : int
        How long the light stays on.

    Members
    -------
    active : In(1)
    light : Out(1)

    Raises
    ------
    ValueError
        If `cycles` is not positive.
    """

    def __init__(self, *, cycles: int):
        if cycles < 1:
            raise ValueError(f"cycles must be at least 1, not {cycles}")
        self.cycles = cycles
        super().__init__({"active": In(1), "light": Out(1)})

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(self.cycles + 1))
        with m.If(self.active):
            m.d.sync += left.eq(self.cycles)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        m.d.comb += self.light.eq(left != 0)
        return m
