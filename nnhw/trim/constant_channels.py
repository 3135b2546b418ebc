"""Leaves out channels that are the same for every input, which changes no result.

Training leaves channels behind that an activation function clamps whatever the input is: "dead"
ones. Quantization makes more of them, as what changes by less than half a step does not change at
all. Interval arithmetic finds those that are constant for certain; what they give to later layers
goes into these layers' biases. So the smaller network computes the very same integers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ..ir import Graph, Interval
from .intervals import channel_intervals
from .keep import keep_channels
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
    return keep_channels(graph, kept, intervals)


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
