"""Phase-locked loops of the boards' devices."""

from ...families import FAMILIES, Board
from .component import Pll, PllLimits, PllSettings, nearest

__all__ = ["Pll", "PllLimits", "PllSettings", "make_pll", "pll_settings"]


def pll_settings(board: Board, output_hz: int) -> PllSettings:
    """How a board's PLL makes a clock from its oscillator.

    Raises
    ------
    OptionError
        If it cannot.
    """
    return nearest(_kind(board), board.target.chip, board.clock_hz, output_hz)


def make_pll(board: Board, settings: PllSettings) -> Pll:
    """The PLL of a board's device, with these settings."""
    return _kind(board)(settings=settings, chip=board.target.chip)


def _kind(board: Board) -> type[Pll]:
    return FAMILIES[board.target.family].part("pll").PLL
