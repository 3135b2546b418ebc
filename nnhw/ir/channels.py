"""Which channels of a node's operands each channel of its result is made from."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import Graph
from .integer import INTEGER_OPERATORS, Channel, Link, links, links_side_by_side
from .nodes import Concat, Node


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
