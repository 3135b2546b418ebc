"""Gowin GW1N and GW2A: multipliers MULT9X9 and MULT18X18 with their own registers.

Ports and parameters as in Gowin's "Digital Signal Processing (DSP) User Guide" (UG287). Memories
are left to the synthesizer.
"""

from __future__ import annotations

from fractions import Fraction

from amaranth.hdl import ClockSignal, Const, Instance, Module, Shape, Signal

from ...hdl.technology.blocks import BlockShape
from ...hdl.technology.device import DeviceTechnology, MultiplierCell


class Multiplier(MultiplierCell):
    """The product of two values out of a MULT9X9 or MULT18X18 with `stages` of its registers."""

    def elaborate(self, platform):
        m = Module()
        width = 9 if max(len(self.a), len(self.b)) <= 9 else 18
        whole = Signal(2 * width)
        # an assignment extends by the sign
        a = Signal(Shape(width, self.a.shape().signed), name="extended_a")
        b = Signal(Shape(width, self.b.shape().signed), name="extended_b")
        m.d.comb += [a.eq(self.a), b.eq(self.b), self.product.eq(whole)]
        inputs, pipeline = Const(self.stages == 3, 1), Const(self.stages >= 2, 1)
        m.submodules.dsp = Instance(
            f"MULT{width}X{width}",
            p_AREG=inputs,
            p_BREG=inputs,
            p_PIPE_REG=pipeline,
            p_OUT_REG=Const(1, 1),
            p_ASIGN_REG=Const(0, 1),
            p_BSIGN_REG=Const(0, 1),
            p_SOA_REG=Const(0, 1),
            p_MULT_RESET_MODE="SYNC",
            i_CLK=ClockSignal(),
            i_CE=1,
            i_RESET=0,
            i_A=a,
            i_B=b,
            i_ASIGN=int(self.a.shape().signed),
            i_BSIGN=int(self.b.shape().signed),
            i_SIA=Const(0, width),
            i_SIB=Const(0, width),
            i_ASEL=0,
            i_BSEL=0,
            o_DOUT=whole,
        )
        return m


class Gowin(DeviceTechnology):
    """Gowin GW1N and GW2A."""

    multiplier_cell = Multiplier
    limb_width = 18
    most_stages = 3
    expected_shapes = (
        BlockShape(512, 36),
        BlockShape(1024, 18),
        BlockShape(2048, 9),
        BlockShape(4096, 4),
        BlockShape(8192, 2),
        BlockShape(16384, 1),
    )

    def multiplier_size(self, a: Shape, b: Shape) -> Fraction:
        """See `DeviceTechnology`. Two multipliers of 9 bits are one of 18."""
        return Fraction(1, 2) if max(a.width, b.width) <= 9 else Fraction(1)


TECHNOLOGY = Gowin
