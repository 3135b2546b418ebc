"""The shift register: keeps what travels along with data as late as the data."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import delay
from .parameters import check_integers


class ShiftRegister(wiring.Component):
    """A value as it was some cycles ago.

    Parameters
    ----------
    shape : ShapeLike
        Of the value; a struct for all that goes the same way.
    stages : int
        Cycles, at least 0.
    reset : bool
        Whether a reset clears it: needed for control, a waste for data.

    Members
    -------
    i : In(shape)
    o : Out(shape)
        `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(self, shape: Any, *, stages: int, reset: bool = False):
        check_integers(self, least=0, stages=stages)
        self.latency = stages
        self._reset = reset
        super().__init__({"i": In(shape), "o": Out(shape)})

    def elaborate(self, platform):
        m = Module()
        late = delay(m, self.i, self.latency, name="stage", reset=self._reset)
        m.d.comb += self.o.eq(late)
        return m
