"""How the nodes of the integer graph come about from those of the float graph.

The requantization constants depend on the ratios of the whole network. So a node is made in two
steps: a `Draft` states its ratios, and finishes the node when multipliers and shifts are chosen.
Weights and tables are the quantizer's (`nnhw.quantize`); how any other operator is drafted is said
beside its contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ...errors import QuantizationError
from ...plugins import Table
from ..nodes import Clamp, Node
from ..tensor import Quantization
from .requantization import Requantize


@dataclass(frozen=True, kw_only=True, eq=False)
class Factors:
    """The ratios of one operator.

    Parameters
    ----------
    ratio
        float64 (..., terms), positive. Terms are summed before they are shifted and so share a
        shift.
    flexible
        Whether the ratios will follow the constants, which are equal to them or a little larger.
    followed
        Whether the ratios may have followed constants already: those of weights that the model
        brings along. Small fractions among them keep their odd multipliers.
    """

    ratio: np.ndarray
    flexible: bool = False
    followed: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedPoint:
    """multiplier / 2**shift: int64 (..., terms) each, equal shifts along the last axis.

    Multipliers of flexible ratios are odd: an accumulator then has to be an odd multiple of
    2**(shift - 1) to be a tie of rounding, which float32 would break at random.
    """

    multiplier: np.ndarray
    shift: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """What they are: float64 (..., terms)."""
        return np.ldexp(self.multiplier.astype(np.float64), -self.shift)

    def of_one_term(self) -> FixedPoint:
        """Constants of ratios of one term, without its axis."""
        return FixedPoint(multiplier=self.multiplier[..., 0], shift=self.shift[..., 0])

    def requantize(self, clamp: Clamp, target: Quantization) -> Requantize:
        """The end of an operator that clamps its result to real bounds."""
        lo, hi = clamp.bounds(target)
        return Requantize(multiplier=self.multiplier, shift=self.shift, lo=lo, hi=hi)


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """An operator that awaits its requantization constants.

    Parameters
    ----------
    factors
        What has to be approximated.
    finish
        Makes the node of the approximation.
    """

    factors: Factors
    finish: Callable[[FixedPoint], Node]


Drafting = Callable[[Any, Sequence[Quantization], Quantization], Draft | Node]
"""Takes a float node, and the quantizations of its inputs and its output; gives the integer node
itself if that does not requantize."""

_D = TypeVar("_D", bound=Drafting)

_DRAFTINGS: Table[type[Node], Drafting] = Table("integer form")


def drafts(*kinds: type[Node]) -> Callable[[_D], _D]:
    """Enter the decorated function into the table as what drafts float nodes of these classes.

    Raises
    ------
    PluginError
        If something drafts one of them already.
    """

    def enter(drafting: _D) -> _D:
        for kind in kinds:
            _DRAFTINGS.enter(kind, drafting)
        return drafting

    return enter


def drafted_nodes() -> tuple[type[Node], ...]:
    """The classes of float nodes that have an integer form."""
    return tuple(_DRAFTINGS)


def draft(node: Node, sources: Sequence[Quantization], target: Quantization) -> Draft | Node:
    """The integer form of a float node without weights.

    Raises
    ------
    QuantizationError
        If it has none.
    """
    kind = type(node)
    if kind not in _DRAFTINGS:
        raise QuantizationError(
            f"Node '{node.name}' ({kind.__name__}) has no integer form: simplify the graph before"
        )
    return _DRAFTINGS[kind](node, sources, target)
