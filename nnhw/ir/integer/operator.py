"""What there is to say about an integer operator, and the table of all that there are.

Everything but its execution: that is the golden model's, which hardware is compared with, and so
stands apart (`nnhw.golden`); and how it is mapped to the engine (`nnhw.mapping`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from ...plugins import Plugin, Table
from ..graph import Graph
from ..nodes import Node
from .channel_rules import ChannelRules
from .interval import Interval
from .qdq_form import QdqForm

N = TypeVar("N", bound=Node)

Range = tuple[int, int]
"""Least and largest q of a tensor."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """The sums of an operator that accumulates: bias + sum of weight * (x - zero point of x).

    Parameters
    ----------
    weight
        int64 (channels, taps).
    bias
        int64 (channels,).
    is_padded
        Whether some of the x are padding, which is the zero point.
    """

    weight: np.ndarray
    bias: np.ndarray
    is_padded: bool


@dataclass(frozen=True, kw_only=True)
class IntegerOperator(Generic[N]):
    """One integer operator. Its functions take a node and, but for `sums`, the graph around it.

    Parameters
    ----------
    node
        Its class, whose docstring is its contract: what integers it makes of which. A dataclass
        whose fields are numbers, texts, arrays, `Window`, `Requantize`, and tuples of these, so
        that it can be stored.
    bounds
        The range that the result is clamped to, given those of the operands.
    interval
        The interval of each channel of the result, given those of the operands.
    sums
        What it accumulates; None if it accumulates nothing.
    channels
        How it can do without channels.
    describe
        What its readers call it, such as "conv 3x3 /2".
    qdq
        What it is among real numbers.
    """

    node: type[N]
    bounds: Callable[[N, Graph, Sequence[Range]], Range]
    interval: Callable[[N, Graph, Sequence[Interval]], Interval]
    sums: Callable[[N], Sums] | None
    channels: ChannelRules[N]
    describe: Callable[[N, Graph], str]
    qdq: Callable[[N, Graph], QdqForm]


INTEGER_OPERATORS: Table[type[Node], IntegerOperator[Any]] = Table("integer operator")
"""All integer operators, by the class of their nodes."""


def register_operator(operator: IntegerOperator[Any]) -> None:
    """Enter an operator into `INTEGER_OPERATORS`.

    Raises
    ------
    PluginError
        If there is one whose node's class has this name.
    """
    INTEGER_OPERATORS.enter(operator.node, operator)


def origin_of(node: Node) -> Plugin | None:
    """The plug-in that the operator of a node comes from; None if it is nnhw's own."""
    return INTEGER_OPERATORS.origin(type(node)) if type(node) in INTEGER_OPERATORS else None


def integer_operator(node: Node) -> IntegerOperator[Any]:
    """The operator of a node of an integer graph.

    Raises
    ------
    TypeError
        If it is none of an integer graph.
    """
    try:
        return INTEGER_OPERATORS[type(node)]
    except KeyError:
        raise TypeError(
            f"Node '{node.name}' is not an integer operator but a {type(node).__name__}"
        ) from None
