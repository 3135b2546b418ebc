"""Flags on their way from one part of the engine to the next."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import delay


class FlagDelays(wiring.Component):
    """Flags that come out some cycles late, along with the data that they belong to.

    Unlike the data, they are cleared by a reset.

    Parameters
    ----------
    delays : mapping of str to (Shape, int)
        Shape and cycles, by name.

    Members
    -------
    <name> : In
    late_<name> : Out
        So many cycles later.
    """

    def __init__(self, delays: Mapping[str, tuple[Shape, int]]):
        self.delays = dict(delays)
        super().__init__(
            {
                **{name: In(shape) for name, (shape, _) in self.delays.items()},
                **{f"late_{name}": Out(shape) for name, (shape, _) in self.delays.items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        for name, (_, cycles) in self.delays.items():
            late = delay(m, getattr(self, name), cycles, name=name, reset=True)
            m.d.comb += getattr(self, f"late_{name}").eq(late)
        return m
