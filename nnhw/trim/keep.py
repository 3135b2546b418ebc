"""An integer graph with some of its channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..ir import Graph, Interval, integer_operator


def keep_channels(
    graph: Graph, kept: Mapping[str, np.ndarray], intervals: Mapping[str, Interval]
) -> Graph:
    """An integer graph where only some channels are left.

    Parameters
    ----------
    kept
        By tensor: int64, ascending numbers of the channels that are left; whole groups are left out
        (`removable_groups`).
    intervals
        By tensor; those of channels that are left out are constant, and what they gave to others
        becomes part of these.
    """
    nodes = tuple(
        integer_operator(node).channels.keep(node, graph, kept, intervals) for node in graph.nodes
    )
    tensors = {
        name: replace(tensor, shape=(*tensor.shape[:2], len(kept[name])))
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, nodes=nodes, tensors=tensors)
