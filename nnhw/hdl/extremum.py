"""The larger and the smaller one of the terms of a pair."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal

from ..machine import is_less
from .combination import Combination, combines


@combines("max")
class Maximum(Combination):
    """The larger one of two terms."""

    def elaborate(self, platform: object) -> Module:
        """A comparison, and a selection by it."""
        m = Module()
        picked = Signal.like(self.combined, reset_less=True)
        m.d.comb += self.combined.eq(picked)
        m.d.sync += picked.eq(Mux(is_less(self.first, self.second), self.second, self.first))
        return m


@combines("min")
class Minimum(Combination):
    """The smaller one of two terms."""

    def elaborate(self, platform: object) -> Module:
        """A comparison, and a selection by it."""
        m = Module()
        picked = Signal.like(self.combined, reset_less=True)
        m.d.comb += self.combined.eq(picked)
        m.d.sync += picked.eq(Mux(is_less(self.first, self.second), self.first, self.second))
        return m
