"""Phase-locked loops of the boards' devices."""

from ..board import Board
from .component import Pll, PllSettings
from .ecp5 import Ecp5Pll, ecp5_settings
from .gowin import GW1NR_9C, GW2AR_18C, GowinPll, gowin_settings
from .ice40 import Ice40Pll, ice40_settings

__all__ = ["Pll", "PllSettings", "make_pll", "pll_settings"]

_GOWIN_LIMITS = {"GW1N-9C": GW1NR_9C, "GW2A-18C": GW2AR_18C}


def pll_settings(board: Board, output_hz: int) -> PllSettings:
    """How a board's PLL makes a clock from its oscillator.

    Raises
    ------
    OptionError
        If it cannot.
    """
    match board.target.family.name:
        case "ecp5":
            return ecp5_settings(board.clock_hz, output_hz)
        case "ice40":
            return ice40_settings(board.clock_hz, output_hz)
    return gowin_settings(board.clock_hz, output_hz, _GOWIN_LIMITS[board.target.chip])


def make_pll(board: Board, settings: PllSettings) -> Pll:
    """The PLL of a board's device, with these settings."""
    match board.target.family.name:
        case "ecp5":
            return Ecp5Pll(settings=settings)
        case "ice40":
            return Ice40Pll(settings=settings)
    return GowinPll(settings=settings, limits=_GOWIN_LIMITS[board.target.chip])
