"""Leaves out channels that are the same for every input, which changes no result.

Training leaves channels behind that an activation function clamps whatever the input is: "dead"
ones. Quantization makes more of them, as what changes by less than half a step does not change at
all. Interval arithmetic finds those that are constant for certain; what they give to later layers
goes into these layers' biases. So the smaller network computes the very same integers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..golden.requantize import requantize
from ..ir import Graph, Node, QConv, Requantize, Slice, as_integers
from .intervals import Interval, channel_intervals
from .links import removable_groups

#: Channels are left out so many at a time where there are enough of them: odd numbers would ask for
#: rotators by single bytes, and array and memory have powers of two of everything.
_ALIGNMENT = 16


def remove_constant_channels(graph: Graph) -> Graph:
    """An integer graph without channels that no input can change, and with the same results.

    Inputs and outputs of the network keep all of their channels, and every tensor at least one.
    Constant channels that stay, and that a convolution computes, have weights of zero.
    """
    intervals = channel_intervals(graph)
    removed = _removed_channels(graph, intervals)
    kept = {
        name: np.setdiff1d(np.arange(tensor.shape[2]), removed[name])
        for name, tensor in graph.tensors.items()
    }
    nodes = tuple(_without(node, graph, kept, intervals) for node in graph.nodes)
    tensors = {
        name: replace(tensor, shape=(*tensor.shape[:2], len(kept[name])))
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, nodes=nodes, tensors=tensors)


def _removed_channels(graph: Graph, intervals: Mapping[str, Interval]) -> dict[str, list[int]]:
    """By tensor: the channels to leave out."""
    alike: dict[tuple, list] = {}
    for group in removable_groups(graph, intervals):
        alike.setdefault(group.sizes, []).append(group)
    removed: dict[str, list[int]] = {name: [] for name in graph.tensors}
    for sizes, groups in alike.items():
        step = 1
        for name, size in sizes:
            alignment = math.gcd(graph.tensors[name].shape[2], _ALIGNMENT)
            step = max(step, alignment // math.gcd(alignment, size))
        count = len(groups) // step * step
        while count and any(
            len(removed[name]) + count * size >= graph.tensors[name].shape[2]
            for name, size in sizes
        ):
            count -= step
        for group in groups[:count]:
            for name, numbers in group.channels.items():
                removed[name] += numbers
    return removed


def _without(
    node: Node,
    graph: Graph,
    kept: Mapping[str, np.ndarray],
    intervals: Mapping[str, Interval],
) -> Node:
    """A node for tensors of which just some channels are kept."""
    if isinstance(node, Slice):
        before = np.searchsorted(kept[node.inputs[0]], node.start[2])
        return replace(node, start=(*node.start[:2], int(before)))
    if not isinstance(node, QConv):
        return node
    source, outputs = node.inputs[0], kept[node.output]
    weight, bias, groups = node.weight[outputs], node.bias[outputs], node.groups
    if groups == 1:
        inputs = kept[source]
        absent = np.setdiff1d(np.arange(node.weight.shape[3]), inputs)
        constant = intervals[source].lo[absent] - graph.tensors[source].q.zero_point
        bias = bias + (weight[..., absent].astype(np.int64).sum(axis=(1, 2)) @ constant)
        weight = weight[..., inputs]
    else:
        groups = len(outputs)
    trimmed = replace(
        node,
        weight=weight,
        bias=bias,
        groups=groups,
        weight_scale=node.weight_scale[outputs],
        requantize=_select(node.requantize, outputs),
    )
    result = intervals[node.output]
    constant = np.where(result.is_constant, result.lo, np.iinfo(np.int64).max)[outputs]
    return _silence(trimmed, constant, graph.tensors[node.output].q.zero_point)


def _select(constants: Requantize, channels: np.ndarray) -> Requantize:
    return replace(
        constants, multiplier=constants.multiplier[channels], shift=constants.shift[channels]
    )


def _silence(node: QConv, constant: np.ndarray, zero_point: int) -> QConv:
    """A convolution whose constant channels have weights of zero, and a bias that makes their
    value.

    They take the factor of the channel whose results vary most, so that they ask for neither wider
    operands nor other shifts than those that vary.

    Parameters
    ----------
    constant
        Each channel's value; the largest int64 where it varies.
    """
    is_constant = constant != np.iinfo(np.int64).max
    if not is_constant.any() or is_constant.all():
        return node
    factors = node.requantize
    share = factors.multiplier / 2.0**factors.shift
    donor = int(np.argmax(np.where(is_constant, 0, share)))
    bias = as_integers((constant[is_constant] - zero_point) / share[donor])
    lent = replace(
        factors,
        multiplier=np.where(is_constant, factors.multiplier[donor], factors.multiplier),
        shift=np.where(is_constant, factors.shift[donor], factors.shift),
    )
    # a factor above one may step over a value: then the channel stays as it is
    exact = (
        requantize(bias * factors.multiplier[donor], lent, zero_point, factors.shift[donor])
        == constant[is_constant]
    )
    silent = np.flatnonzero(is_constant)[exact]
    is_silent = np.zeros(len(constant), bool)
    is_silent[silent] = True
    biases = node.bias.copy()
    biases[silent] = bias[exact]
    return replace(
        node,
        weight=np.where(is_silent[:, None, None, None], 0, node.weight).astype(np.int8),
        bias=biases,
        weight_scale=np.where(is_silent, node.weight_scale[donor], node.weight_scale),
        requantize=replace(
            factors,
            multiplier=np.where(is_silent, lent.multiplier, factors.multiplier),
            shift=np.where(is_silent, lent.shift, factors.shift),
        ),
    )
