"""The clock of a design on a board, and the bits on its serial line."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import OptionError
from ..families import Board
from ..hdl.serial import SMALLEST_DIVISOR
from .pll import PllSettings, pll_settings

_BAUD_TOLERANCE = 0.02
"""How far the rate on the line may be from the one that is asked for: a receiver samples the last
of ten bits half a bit from its edges, and the other side is not exact either."""


@dataclass(frozen=True, kw_only=True)
class BoardTiming:
    """What a board makes of the wishes for clock and baud rate.

    Parameters
    ----------
    clock_hz
        Clock of the design.
    pll
        How it is made; None if it is the oscillator's.
    divisor
        Clock cycles a bit on the serial line.
    """

    clock_hz: float
    pll: PllSettings | None
    divisor: int

    @property
    def baud(self) -> float:
        """Bits a second on the serial line."""
        return self.clock_hz / self.divisor


def plan_timing(board: Board, *, clock_hz: int | None = None, baud: int = 115_200) -> BoardTiming:
    """Clock and serial line of a design on a board.

    Parameters
    ----------
    clock_hz
        Clock of the design; None: the board's own choice.
    baud
        Bits a second on the serial line.

    Raises
    ------
    OptionError
        If the board cannot make this clock, or this clock not that baud rate.
    """
    wanted = clock_hz or board.design_hz
    pll = None if wanted == board.clock_hz else pll_settings(board, wanted)
    clock = pll.output_hz if pll else float(wanted)
    divisor = max(1, round(clock / baud))
    if divisor < SMALLEST_DIVISOR or abs(clock / divisor / baud - 1) > _BAUD_TOLERANCE:
        raise OptionError(
            f"A clock of {clock / 1e6:g} MHz cannot time {baud} baud: it has to be a multiple of it"
            f" to within 2%, and at least {SMALLEST_DIVISOR} times as fast; choose another --baud"
        )
    return BoardTiming(clock_hz=clock, pll=pll, divisor=divisor)
