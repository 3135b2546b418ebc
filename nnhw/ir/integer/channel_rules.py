"""How operators can do without channels that no input changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from ..graph import Graph
from ..moves import Move, move_elements
from ..nodes import Node
from .interval import Interval

N = TypeVar("N", bound=Node)

Channel = tuple[str, int]
"""A tensor and the number of one of its channels."""

Link = tuple[Channel, Channel]
"""A channel of an operand, and a channel of the result that is made from it."""


@dataclass(frozen=True, kw_only=True)
class ChannelRules(Generic[N]):
    """How an operator can do without channels that no input changes.

    Parameters
    ----------
    links
        Pairs of a channel of an operand and a channel of the result, one of which cannot be left
        out without the other.
    needed
        Channels that cannot be left out because of this operator, if all those are constant whose
        interval says so. An operator that mixes channels and can do without none of them names all
        of its operands' and its result's.
    keep
        The node where only the given channels are left of each tensor. All others are constant, and
        what they gave to the result is part of it.
    """

    links: Callable[[N, Graph], Iterable[Link]]
    needed: Callable[[N, Graph, Mapping[str, Interval]], Iterable[Channel]]
    keep: Callable[[N, Graph, Mapping[str, np.ndarray], Mapping[str, Interval]], N]


def links(node: Node, graph: Graph) -> Iterator[Link]:
    """Each channel of the result is made from the same one of every operand."""
    for name in node.inputs:
        for number in range(graph.tensors[name].shape[2]):
            yield (name, number), (node.output, number)


def links_side_by_side(node: Node, graph: Graph) -> Iterator[Link]:
    """The channels of the result are those of the first operand, the second one, and so on."""
    offset = 0
    for name in node.inputs:
        channels = graph.tensors[name].shape[2]
        for number in range(channels):
            yield (name, number), (node.output, offset + number)
        offset += channels


def links_moved(node: Move, graph: Graph) -> Iterator[Link]:
    """Elements of a channel of the result come from some channels of the operand."""
    channels = graph.tensors[node.inputs[0]].shape[2]
    numbers = moved_channels(node, graph)
    pairs = np.unique(numbers + channels * np.arange(numbers.shape[1]))
    for number, source in (divmod(pair, channels) for pair in pairs.tolist()):
        yield (node.inputs[0], source), (node.output, number)


def moved_channels(node: Move, graph: Graph) -> np.ndarray:
    """Of a node that moves elements: int64 (pixels, channels), the channel each one comes from."""
    shape, result = graph.tensors[node.inputs[0]].shape, graph.tensors[node.output].shape
    numbers = np.broadcast_to(np.arange(shape[2]), shape)[None]
    return move_elements(node, numbers, result)[0].reshape(-1, result[2])


BY_CHANNEL: ChannelRules[Any] = ChannelRules(
    links=links,
    needed=lambda node, graph, intervals: (),
    keep=lambda node, graph, kept, intervals: node,
)
"""Of an operator that does the same to each channel, whatever its number: nothing else changes."""
