"""Which channels of a node's operand each channel of its result is made from."""

from __future__ import annotations

import numpy as np

from ..ir import DepthToSpace, Graph, Reshape, Resize, Slice, move_elements


def source_channels(
    node: Reshape | Slice | Resize | DepthToSpace, graph: Graph
) -> list[tuple[int, ...]]:
    """Of a node that moves elements: the operand's channels in each channel of the result."""
    shape, result = graph.tensors[node.inputs[0]].shape, graph.tensors[node.output].shape
    numbers = np.broadcast_to(np.arange(shape[2]), shape)[None]
    moved = move_elements(node, numbers, result)[0].reshape(-1, result[2])
    return [tuple(np.unique(channel).tolist()) for channel in moved.T]
