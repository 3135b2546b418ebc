"""Components of a few lines each, for tests of the Verilog that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Small(wiring.Component):
    """A component of a signature and a function.

    Parameters
    ----------
    inputs, outputs : mapping from names to shapes
    elaborate : function of the component and a new module, which it fills
    """

    def __init__(self, inputs: Mapping, outputs: Mapping, elaborate: Callable):
        self._fill = elaborate
        members = {name: In(shape) for name, shape in inputs.items()}
        super().__init__(members | {name: Out(shape) for name, shape in outputs.items()})

    def elaborate(self, platform):
        m = Module()
        self._fill(self, m)
        return m


class Doubler(wiring.Component):
    """Doubles a number, and says whether it was odd.

    More than the first paragraph is not for the Verilog.
    """

    def __init__(self):
        super().__init__({"x": In(4), "y": Out(5), "odd": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.y.eq(self.x << 1)
        m.d.sync += self.odd.eq(self.x[0])
        return m
