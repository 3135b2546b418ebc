"""SB_PLL40_PAD of Lattice iCE40 UltraPlus; limits from its data sheet, FPGA-DS-02008."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Instance, Module

from ...boards.pll import Pll, PllSettings

_DETECTOR_HZ = (10e6, 133e6)
_OSCILLATOR_HZ = (533e6, 1066e6)
_OUTPUT_HZ = (16e6, 275e6)

_FILTER_RANGES = ((17e6, 1), (26e6, 2), (44e6, 3), (66e6, 4), (101e6, 5), (133e6, 6))
"""Setting of the loop filter for phase detector frequencies up to so much, as icepll sets it."""


class Ice40Pll(Pll):
    """SB_PLL40_PAD, whose input is the clock's pin; see `Pll`."""

    @classmethod
    def output_hz(cls, chip: str) -> tuple[float, float]:
        return _OUTPUT_HZ

    @classmethod
    def candidates(cls, chip: str, input_hz: int) -> Iterator[PllSettings]:
        for divr in range(16):
            detector = input_hz / (divr + 1)
            if not _DETECTOR_HZ[0] <= detector <= _DETECTOR_HZ[1]:
                continue
            for divf in range(128):
                oscillator = detector * (divf + 1)
                if not _OSCILLATOR_HZ[0] <= oscillator <= _OSCILLATOR_HZ[1]:
                    continue
                for divq in range(1, 7):
                    hz = oscillator / (1 << divq)
                    if _OUTPUT_HZ[0] <= hz <= _OUTPUT_HZ[1]:
                        dividers = (divr, divf, divq)
                        yield PllSettings(input_hz=input_hz, output_hz=hz, dividers=dividers)

    def elaborate(self, platform):
        m = Module()
        divr, divf, divq = self.settings.dividers
        detector = self.settings.input_hz / (divr + 1)
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=divr,
            p_DIVF=divf,
            p_DIVQ=divq,
            p_FILTER_RANGE=next(value for limit, value in _FILTER_RANGES if detector <= limit),
            i_PACKAGEPIN=self.clock_in,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock_out,
            o_LOCK=self.locked,
        )
        return m


PLL = Ice40Pll
