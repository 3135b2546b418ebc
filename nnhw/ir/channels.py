"""Which channels of a node's operands each channel of its result is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .graph import Graph
from .integer_operator import INTEGER_OPERATORS, Channel, ChannelRules
from .moves import Move, move_elements
from .nodes import Concat, Node

Link = tuple[Channel, Channel]
"""A channel of an operand, and a channel of the result that is made from it."""


class ChannelSets:
    """Disjoint sets of channels: at first each channel is a set of its own (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Channel, Channel] = {}

    def join(self, a: Channel, b: Channel) -> None:
        """Make one set of the sets that two channels are in."""
        self._parent[self.find(a)] = self.find(b)

    def find(self, channel: Channel) -> Channel:
        """The channel that stands for the set that a channel is in."""
        parent, root = self._parent, channel
        while (above := parent.get(root, root)) != root:
            root = above
        while channel != root:  # shorten the way for the next time
            parent[channel], channel = root, parent.get(channel, channel)
        return root


def channel_links(node: Node, graph: Graph) -> Iterable[Link]:
    """Pairs of a channel of an operand and a channel of the result that is made from it.

    Of any operator, float or integer, that works channel by channel; none of integer ones that do
    not.
    """
    if (operator := INTEGER_OPERATORS.get(type(node))) is not None:
        return operator.channels.links(node, graph)
    return links_side_by_side(node, graph) if isinstance(node, Concat) else links(node, graph)


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
