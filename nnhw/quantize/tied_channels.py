"""Which channels can only be divided by the same factor, so that a network computes the same.

A convolution takes up any factor of a channel that it writes or reads in its weights. All other
operators that keep their form when channels are divided have one factor for a channel of their
result and those of their operands. What nothing takes up keeps a factor of one: inputs and outputs
of the network, and operands and results of functions such as a sigmoid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..ir import (
    Add,
    AveragePool,
    ChannelSets,
    Clamp,
    Concat,
    Conv,
    Extremum,
    Function,
    Graph,
    MaxPool,
    Move,
    Multiply,
    Node,
    channel_links,
)
from .statistics import ChannelStatistics

_KEPT = ("", 0)
"""Stands for the set of all channels that cannot be divided."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TiedChannels:
    """The sets of channels of a network that are divided by one factor each.

    Parameters
    ----------
    numbers
        By tensor: int64 (C,), the number of each channel's set.
    smallest, largest
        float64 (sets,): bounds of each set's factor; both 1 where it cannot be divided.
    """

    numbers: Mapping[str, np.ndarray]
    smallest: np.ndarray
    largest: np.ndarray


def tie_channels(graph: Graph, statistics: Mapping[str, ChannelStatistics]) -> TiedChannels:
    """The sets of a simplified float graph whose weights are real numbers.

    Bounds other than zero (Relu6, Clip) stay what they are. A channel that reaches one cannot be
    divided, any other can be enlarged until it does.

    Parameters
    ----------
    graph
        See `nnhw.passes.simplify_graph`.
    statistics
        Of the calibration samples, by tensor.
    """
    sets = ChannelSets()

    def keep(*names: str) -> None:
        for name in names:
            for number in range(graph.tensors[name].shape[2]):
                sets.join((name, number), _KEPT)

    keep(*(port.tensor for port in (*graph.inputs, *graph.outputs)))
    for node in graph.nodes:
        if _is_homogeneous(node):
            for a, b in channel_links(node, graph):
                sets.join(a, b)
        elif not isinstance(node, Conv | Multiply):
            keep(*node.inputs, node.output)
        clamp = _clamp(node)
        if clamp.lo > 0 or clamp.hi < 0:
            keep(node.output)
    for node in graph.nodes:
        if isinstance(node, Multiply):
            _tie_product(node, graph, sets)

    index: dict[tuple[str, int], int] = {sets.find(_KEPT): 0}
    numbers = {
        name: np.array(
            [index.setdefault(sets.find((name, n)), len(index)) for n in range(tensor.shape[2])]
        )
        for name, tensor in graph.tensors.items()
    }
    smallest, largest = np.zeros(len(index)), np.full(len(index), np.inf)
    smallest[0] = largest[0] = 1.0
    for node in graph.nodes:
        found, clamp = statistics[node.output], _clamp(node)
        for bound, reached in ((clamp.lo, found.lo), (clamp.hi, found.hi)):
            if bound and np.isfinite(bound):
                share = np.minimum(reached / bound, 1.0)
                np.maximum.at(smallest, numbers[node.output], share)
                np.minimum.at(largest, numbers[node.output], 1.0)
    return TiedChannels(numbers=numbers, smallest=smallest, largest=largest)


def _tie_product(node: Multiply, graph: Graph, sets: ChannelSets) -> None:
    """One operand of a product keeps its channels as they are; the other's are the result's.

    The factor of a result is the product of its operands'; with one of them left out there are only
    sets of equal factors.
    """
    for number in range(graph.tensors[node.output].shape[2]):
        other, stays = ((name, number) for name in node.inputs)
        if sets.find(other) == sets.find(_KEPT):
            other, stays = stays, other
        sets.join(stays, _KEPT)
        sets.join(other, (node.output, number))


def _is_homogeneous(node: Node) -> bool:
    """Whether f(s * x) = s * f(x) for s > 0 in every channel, clamps aside."""
    if isinstance(node, Function):
        return node.function in ("abs", "leaky_relu") or (
            node.function == "thresholded_relu" and node.parameters == (0.0,)
        )
    return isinstance(node, MaxPool | AveragePool | Add | Extremum | Concat | Move)


def _clamp(node: Node) -> Clamp:
    """Bounds of a node's result."""
    if isinstance(node, Conv | MaxPool | AveragePool | Add | Multiply | Extremum):
        return node.clamp
    return Clamp()
