"""How many of a device's multipliers and memory blocks a design takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from amaranth.hdl import Fragment
from amaranth.lib import wiring


@dataclass(kw_only=True)
class CellCount:
    """Cells that a technology has given so far.

    Parameters
    ----------
    multipliers
        Halves are those of devices of which two narrow ones share one.
    added_products
        Products that are made by adding, for want of a multiplier.
    blocks
        Memory blocks.
    expected_blocks
        Those that a synthesizer will probably take for memories that are left to it.
    """

    multipliers: Fraction = Fraction(0)
    added_products: int = 0
    blocks: int = 0
    expected_blocks: int = 0

    def __add__(self, other: CellCount) -> CellCount:
        return CellCount(
            multipliers=self.multipliers + other.multipliers,
            added_products=self.added_products + other.added_products,
            blocks=self.blocks + other.blocks,
            expected_blocks=self.expected_blocks + other.expected_blocks,
        )


def count_cells(component: wiring.Component, count: Callable[[], CellCount]) -> CellCount:
    """What a component takes, by building it: `count` is asked when that is done."""
    Fragment.get(component, None)
    return count()
