"""rPLL of Gowin GW1NR-9 and GW2AR-18; limits from their data sheets, DS117 and DS226."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Instance, Module

from ...boards.pll import Pll, PllLimits, PllSettings

_OUTPUT_DIVIDERS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


_LIMITS = {
    "GW1N-9C": PllLimits(
        detector=(3e6, 400e6), oscillator=(400e6, 1200e6), output=(3.125e6, 600e6)
    ),
    "GW2A-18C": PllLimits(
        detector=(3e6, 500e6), oscillator=(500e6, 1250e6), output=(3.90625e6, 625e6)
    ),
}
"""By chip."""
_DEVICES = {"GW1N-9C": "GW1NR-9C", "GW2A-18C": "GW2AR-18C"}
"""What the rPLL's parameter DEVICE calls a chip."""


class GowinPll(Pll):
    """rPLL with internal feedback; see `Pll`."""

    @classmethod
    def output_hz(cls, chip: str) -> tuple[float, float]:
        return _LIMITS[chip].output

    @classmethod
    def candidates(cls, chip: str, input_hz: int) -> Iterator[PllSettings]:
        return _LIMITS[chip].settings(
            input_hz, references=range(1, 65), feedbacks=range(1, 65), outputs=_OUTPUT_DIVIDERS
        )

    def elaborate(self, platform):
        m = Module()
        reference, feedback, output = self.settings.dividers
        m.submodules.pll = Instance(
            "rPLL",
            p_DEVICE=_DEVICES[self.chip],
            p_FCLKIN=f"{self.settings.input_hz / 1e6:g}",
            p_IDIV_SEL=reference - 1,
            p_FBDIV_SEL=feedback - 1,
            p_ODIV_SEL=output,
            p_DYN_IDIV_SEL="false",
            p_DYN_FBDIV_SEL="false",
            p_DYN_ODIV_SEL="false",
            p_DYN_SDIV_SEL=2,
            p_PSDA_SEL="0000",
            p_DUTYDA_SEL="1000",
            p_DYN_DA_EN="false",
            p_CLKFB_SEL="internal",
            p_CLKOUT_BYPASS="false",
            p_CLKOUTP_BYPASS="false",
            p_CLKOUTD_BYPASS="false",
            p_CLKOUTD_SRC="CLKOUT",
            p_CLKOUTD3_SRC="CLKOUT",
            i_CLKIN=self.clock_in,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            i_FBDSEL=0,
            i_IDSEL=0,
            i_ODSEL=0,
            i_PSDA=0,
            i_DUTYDA=0,
            i_FDLY=0,
            o_CLKOUT=self.clock_out,
            o_LOCK=self.locked,
        )
        return m


PLL = GowinPll
