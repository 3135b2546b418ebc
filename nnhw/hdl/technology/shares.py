"""Multipliers for components that are alike: each has all that it can use, or none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from amaranth.lib import wiring

from .budget import count_cells
from .portable import Technology

_Component = TypeVar("_Component", bound=wiring.Component)


class Shares:
    """Hands out the multipliers of a technology.

    Parameters
    ----------
    technology : Technology
    """

    def __init__(self, technology: Technology):
        self._technology = technology
        self._left = technology.multipliers_left
        self._without = technology.share(Fraction(0))
        self._without.cells = technology.cells  # what is made without them counts, too
        self._sizes: dict[Callable[[Technology], wiring.Component], Fraction] = {}

    def build(self, make: Callable[[Technology], _Component]) -> _Component:
        """A component with multipliers, or without any if there are too few left for all of it.

        What the same function makes takes as many every time.
        """
        if self._left is None:
            return make(self._technology)
        if make not in self._sizes:
            free = self._technology.share(None)
            self._sizes[make] = count_cells(make(free), lambda: free.cells).multipliers
        size = self._sizes[make]
        if size > self._left:
            return make(self._without)
        self._left -= size
        return make(self._technology)
