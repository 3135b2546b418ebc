"""rPLL of Gowin GW1NR-9 and GW2AR-18; limits from their data sheets, DS117 and DS226."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Instance, Module

from ...boards.pll import Pll, PllSettings

_OUTPUT_DIVIDERS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


@dataclass(frozen=True)
class _Limits:
    """What an rPLL can do.

    Parameters
    ----------
    device
        As the rPLL's parameter DEVICE calls it.
    detector_hz, oscillator_hz, output_hz
        Lowest and highest frequency of the phase detector, the oscillator and the output.
    """

    device: str
    detector_hz: tuple[float, float]
    oscillator_hz: tuple[float, float]
    output_hz: tuple[float, float]


_LIMITS = {
    "GW1N-9C": _Limits("GW1NR-9C", (3e6, 400e6), (400e6, 1200e6), (3.125e6, 600e6)),
    "GW2A-18C": _Limits("GW2AR-18C", (3e6, 500e6), (500e6, 1250e6), (3.90625e6, 625e6)),
}
"""By chip."""


class GowinPll(Pll):
    """rPLL with internal feedback; see `Pll`."""

    @classmethod
    def output_hz(cls, chip: str) -> tuple[float, float]:
        return _LIMITS[chip].output_hz

    @classmethod
    def candidates(cls, chip: str, input_hz: int) -> Iterator[PllSettings]:
        limits = _LIMITS[chip]
        for reference in range(1, 65):
            detector = input_hz / reference
            if not limits.detector_hz[0] <= detector <= limits.detector_hz[1]:
                continue
            for feedback in range(1, 65):
                hz = detector * feedback
                if not limits.output_hz[0] <= hz <= limits.output_hz[1]:
                    continue
                for output in _OUTPUT_DIVIDERS:
                    if limits.oscillator_hz[0] <= hz * output <= limits.oscillator_hz[1]:
                        dividers = (reference, feedback, output)
                        yield PllSettings(input_hz=input_hz, output_hz=hz, dividers=dividers)

    def elaborate(self, platform):
        m = Module()
        reference, feedback, output = self.settings.dividers
        m.submodules.pll = Instance(
            "rPLL",
            p_DEVICE=_LIMITS[self.chip].device,
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
