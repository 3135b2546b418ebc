"""A reset of two clock domains."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .synchronizer import Synchronizer


class ResetCrossing(wiring.Component):
    """Resets two clock domains together, and releases each with its own clock.

    The outer one is reset first, and stays so until the inner one was in reset and has left it
    again. So whatever the clocks' relation, neither side runs while the other has not been reset.

    Parameters
    ----------
    outer, inner : str
        Clock domains.

    Members
    -------
    request : In(1)
        Of any clock; for more than a cycle of the outer one.
    outer_reset, inner_reset : Out(1)
        Each in its domain.
    """

    def __init__(self, *, outer: str, inner: str):
        self.outer = outer
        self.inner = inner
        super().__init__({"request": In(1), "outer_reset": Out(1), "inner_reset": Out(1)})

    def elaborate(self, platform):
        m = Module()
        asks = Signal(reset_less=True)
        request, asks_seen, answer = (
            Synchronizer.like(asks, name=name, reset=False)
            for name in ("request", "asks", "answer")
        )
        request.connect(m, self.request, self.outer)
        asks_seen.connect(m, asks, self.inner)
        answer.connect(m, asks_seen.stable, self.outer)
        m.d[self.outer] += asks.eq(request.stable | (asks & ~answer.stable))
        m.d.comb += [
            self.outer_reset.eq(request.stable | asks | answer.stable),
            self.inner_reset.eq(asks_seen.stable),
        ]
        return m
