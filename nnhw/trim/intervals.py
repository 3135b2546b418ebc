"""Bounds of every channel of every tensor, over all inputs that the network can be given.

Interval arithmetic on the integer contract; each operator says what it makes of the intervals of
its operands (`nnhw.ir.IntegerOperator`).
"""

from __future__ import annotations

import numpy as np

from ..ir import Graph, Interval, integer_operator


def channel_intervals(graph: Graph) -> dict[str, Interval]:
    """The interval of every channel of every tensor of an integer graph."""
    intervals: dict[str, Interval] = {}
    for port in graph.inputs:
        tensor = graph.tensors[port.tensor]
        channels = tensor.shape[2]
        intervals[port.tensor] = Interval(
            np.full(channels, tensor.q.lo), np.full(channels, tensor.q.hi)
        )
    for node in graph.nodes:
        sources = [intervals[name] for name in node.inputs]
        intervals[node.output] = integer_operator(node).interval(node, graph, sources)
    return intervals
