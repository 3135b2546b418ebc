"""Which channels can only be left out together, and which ones can be left out at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..ir import Channel, ChannelSets, Graph, Interval, channel_links, integer_operator


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """Channels that stand for each other in several tensors: leaving out one leaves out all.

    Parameters
    ----------
    channels
        By tensor: numbers of the channels.
    """

    channels: Mapping[str, tuple[int, ...]]

    @property
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """How many channels it has in each tensor."""
        return tuple(sorted((name, len(numbers)) for name, numbers in self.channels.items()))


def removable_groups(graph: Graph, intervals: Mapping[str, Interval]) -> list[ChannelGroup]:
    """The groups of constant channels whose readers can do without them, by the operators' own
    rules (`nnhw.ir.ChannelRules`)."""
    sets = ChannelSets()
    for node in graph.nodes:
        for a, b in channel_links(node, graph):
            sets.join(a, b)

    needed = {sets.find(channel) for channel in _needed(graph, intervals)}
    groups: dict[Channel, dict[str, list[int]]] = {}
    for name, tensor in graph.tensors.items():
        for number in range(tensor.shape[2]):
            root = sets.find((name, number))
            if root not in needed:
                groups.setdefault(root, {}).setdefault(name, []).append(number)
    return [
        ChannelGroup({name: tuple(numbers) for name, numbers in group.items()})
        for group in groups.values()
    ]


def _needed(graph: Graph, intervals: Mapping[str, Interval]) -> Iterator[Channel]:
    """Channels that cannot be left out."""
    ports = {port.tensor for port in (*graph.inputs, *graph.outputs)}
    for name, tensor in graph.tensors.items():
        for number in range(tensor.shape[2]):
            if name in ports or not intervals[name].is_constant[number]:
                yield name, number
    for node in graph.nodes:
        yield from integer_operator(node).channels.needed(node, graph, intervals)
