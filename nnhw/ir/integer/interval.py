"""Intervals of the values of a tensor's channels (Moore, "Interval Analysis", 1966)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..graph import Graph
from ..nodes import Node
from .requantization import Requantize, requantize


@dataclass(frozen=True, eq=False)
class Interval:
    """Least and largest q of each channel of a tensor, int64 (channels,); both may be reached or
    not.

    In between, of the integers that an operator makes of them: of any shape.
    """

    lo: np.ndarray
    hi: np.ndarray

    @property
    def is_constant(self) -> np.ndarray:
        """Whether each channel has just one value, at every pixel and for every input."""
        return self.lo == self.hi

    def reaching(self, value: int) -> Interval:
        """The interval extended to a value."""
        return Interval(np.minimum(self.lo, value), np.maximum(self.hi, value))

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Interval:
        """What a function that never falls makes of it."""
        return Interval(function(self.lo), function(self.hi))

    def requantize(
        self, constants: Requantize, zero_point: int, shift: np.ndarray | None = None
    ) -> Interval:
        """The interval of y where this is that of p; see `nnhw.ir.requantize`."""
        return self.map(lambda p: requantize(p, constants, zero_point, shift))

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, value: int) -> Interval:
        return self.map(lambda end: end - value)

    def __mul__(self, factor: int | np.ndarray) -> Interval:
        """The interval of a product with what is not negative."""
        return self.map(lambda end: end * factor)


def from_zero(node: Node, graph: Graph, sources: Sequence[Interval]) -> list[Interval]:
    """Intervals of x - zero point of x, for the operands x of a node."""
    return [
        source - graph.tensors[name].q.zero_point
        for name, source in zip(node.inputs, sources, strict=True)
    ]
