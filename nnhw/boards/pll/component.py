"""What all phase-locked loops have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...errors import OptionError

_TOLERANCE = 0.02
"""How far the clock may be from the one that is asked for."""


@dataclass(frozen=True, kw_only=True)
class PllSettings:
    """How a PLL makes a clock.

    Parameters
    ----------
    input_hz
    output_hz
        As it is, which is near what was asked for.
    dividers
        In the order in which the family's component takes them.
    """

    input_hz: int
    output_hz: float
    dividers: tuple[int, int, int]


class Pll(wiring.Component):
    """Makes another clock from a clock.

    Parameters
    ----------
    settings : PllSettings

    Members
    -------
    clock_in : In(1)
    clock_out : Out(1)
    locked : Out(1)
        The clock is good.
    """

    def __init__(self, *, settings: PllSettings):
        self.settings = settings
        super().__init__({"clock_in": In(1), "clock_out": Out(1), "locked": Out(1)})


def nearest(candidates: Iterable[PllSettings], output_hz: int, limits: str) -> PllSettings:
    """Of all settings the first whose output is nearest to `output_hz`.

    Parameters
    ----------
    limits
        What outputs there are, for the error message.

    Raises
    ------
    OptionError
        If none is near enough.
    """
    found = min(candidates, key=lambda one: abs(one.output_hz - output_hz), default=None)
    if found is None or abs(found.output_hz - output_hz) > _TOLERANCE * output_hz:
        raise OptionError(
            f"This board cannot make a clock of {output_hz / 1e6:g} MHz to within 2%: its PLL gives"
            f" {limits} MHz in steps; choose another --freq"
        )
    return found
