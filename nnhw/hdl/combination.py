"""Ways of their own to make one term of two, each a component that only some engines have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from amaranth.hdl import signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..plugins import Table
from .technology import PORTABLE, Technology


class Combination(wiring.Component):
    """Makes one term of the two of a pair; what inherits from it says which.

    Both are results of the requantizer's multiplier: operand times factor.

    Parameters
    ----------
    width : int
        Bits of a term.
    technology : Technology
        What adders are built of.

    Members
    -------
    first, second : In(signed)
    combined : Out(signed)
        A cycle later, one bit wider.

    Attributes
    ----------
    latency : int
    """

    latency = 1

    def __init__(self, *, width: int, technology: Technology = PORTABLE):
        self.technology = technology
        super().__init__(
            {
                "first": In(signed(width)),
                "second": In(signed(width)),
                "combined": Out(signed(width + 1)),
            }
        )


_C = TypeVar("_C", bound=type[Combination])

COMBINATIONS: Table[str, type[Combination]] = Table("combination of pairs")
"""By the name that `LayerPlan.combination` has."""


def combines(name: str) -> Callable[[_C], _C]:
    """Enter the decorated component into the table.

    Raises
    ------
    PluginError
        If there is one of this name already.
    """

    def enter(component: _C) -> _C:
        COMBINATIONS.enter(name, component)
        return component

    return enter
