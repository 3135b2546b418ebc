"""Which channels go together, and networks without some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...ir import Conv, Graph, Interval, Move, Node, integer_operator
from ...trim import ChannelGroup, keep_channels, removable_groups

Kept = Mapping[str, np.ndarray]
"""By tensor: int64, ascending numbers of the channels that are left."""

Family = tuple[ChannelGroup, ...]
"""Groups of channels that have their places in the same tensors, such as the channels of a layer,
or of all layers whose results are added up. Any but the last one may be removed."""


def channel_families(graph: Graph) -> list[Family]:
    """The channels that can be removed, by the rules of the operators of an integer graph.

    Additions, depthwise convolutions and all else that works channel by channel tie a channel of
    their result to those of their operands, and a concatenation to its place in the result. What is
    tied to an input or an output of the network stays.
    """
    families: dict[tuple, list[ChannelGroup]] = {}
    for group in removable_groups(graph, _at_zero(graph)):
        families.setdefault(group.sizes, []).append(group)
    return [tuple(groups) for groups in families.values() if len(groups) > 1]


def without(graph: Graph, groups: list[ChannelGroup]) -> Kept:
    """The channels that are left of a graph without some groups."""
    removed: dict[str, list[int]] = {name: [] for name in graph.tensors}
    for group in groups:
        for name, numbers in group.channels.items():
            removed[name] += numbers
    return {
        name: np.setdiff1d(np.arange(tensor.shape[2]), removed[name])
        for name, tensor in graph.tensors.items()
    }


def prune_integers(graph: Graph, kept: Kept) -> Graph:
    """An integer graph with fewer channels, those that are gone taken for zero."""
    return keep_channels(graph, kept, _at_zero(graph))


def prune_floats(graph: Graph, kept: Kept, means: Mapping[str, np.ndarray]) -> Graph:
    """A simplified float graph with fewer channels, those that are gone taken for their means.

    Parameters
    ----------
    means
        By tensor: float64 (C,), of each channel's values. What they gave to a convolution goes into
        its bias, so that it errs about padding only.
    """

    def pruned(node: Node) -> Node:
        if isinstance(node, Conv):
            return _prune_conv(node, kept, means[node.inputs[0]])
        if isinstance(node, Move):
            return integer_operator(node).channels.keep(node, graph, kept, {})
        return node

    tensors = {
        name: replace(tensor, shape=(*tensor.shape[:2], len(kept[name])))
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, nodes=tuple(map(pruned, graph.nodes)), tensors=tensors)


def _prune_conv(node: Conv, kept: Kept, means: np.ndarray) -> Conv:
    inputs, outputs = kept[node.inputs[0]], kept[node.output]
    weight, bias = node.weight[outputs], node.bias[outputs]
    if node.groups > 1:  # depthwise: simplification has made all others dense
        return replace(node, weight=weight, bias=bias, groups=len(outputs))
    absent = np.setdiff1d(np.arange(len(means)), inputs)
    bias = bias + weight[..., absent].sum(axis=(1, 2)) @ means[absent]
    return replace(node, weight=weight[..., inputs], bias=bias)


def _at_zero(graph: Graph) -> dict[str, Interval]:
    """Intervals of an integer graph all of whose channels stand for zero."""
    points = {
        name: np.full(tensor.shape[2], tensor.q.zero_point)
        for name, tensor in graph.tensors.items()
    }
    return {name: Interval(point, point) for name, point in points.items()}
