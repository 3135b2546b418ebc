"""EHXPLLL of Lattice ECP5; limits from its data sheet, FPGA-DS-02012, "sysCLOCK PLL Timing"."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Instance, Module

from ...boards.pll import Pll, PllLimits, PllSettings

_LIMITS = PllLimits(detector=(3.125e6, 400e6), oscillator=(400e6, 800e6), output=(3.125e6, 400e6))


class Ecp5Pll(Pll):
    """EHXPLLL with feedback from its output; see `Pll`."""

    @classmethod
    def output_hz(cls, chip: str) -> tuple[float, float]:
        return _LIMITS.output

    @classmethod
    def candidates(cls, chip: str, input_hz: int) -> Iterator[PllSettings]:
        return _LIMITS.settings(
            input_hz, references=range(1, 129), feedbacks=range(1, 81), outputs=range(1, 129)
        )

    def elaborate(self, platform):
        m = Module()
        reference, feedback, output = self.settings.dividers
        m.submodules.pll = Instance(
            "EHXPLLL",
            # loop filter and charge pump as Lattice's Clarity Designer sets them
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=reference,
            p_CLKFB_DIV=feedback,
            p_CLKOP_DIV=output,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_CPHASE=output - 1,
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=self.clock_in,
            i_CLKFB=self.clock_out,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=self.clock_out,
            o_LOCK=self.locked,
        )
        return m


PLL = Ecp5Pll
