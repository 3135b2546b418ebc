"""Lets elementwise operators go ahead of operators that only move elements.

There an operator that computes can take them over, or there are fewer elements to compute.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from ..ir import (
    Add,
    AveragePool,
    ChannelAffine,
    Clip,
    Conv,
    Extremum,
    Function,
    Graph,
    MaxPool,
    Move,
    Multiply,
    Node,
    Resize,
    Slice,
)
from .rewrite import new_tensor, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Exchange the first Clip or ChannelAffine with the move before it, a Function with a Resize.

    Only where nothing else reads what is moved, before or behind, and something computes it.
    """
    reads = Counter(name for node in graph.nodes for name in node.inputs)
    reads.update(port.tensor for port in graph.outputs)
    place = {node.output: i for i, node in enumerate(graph.nodes)}
    for i, node in enumerate(graph.nodes):
        at = place.get(node.inputs[0])
        move = None if at is None else graph.nodes[at]
        if at is None or not isinstance(move, Move) or reads[move.output] > 1:
            continue
        source = graph.tensors[move.inputs[0]]
        if reads[source.name] > 1 or not _computes(graph.writer(source.name)):
            continue
        ahead = _ahead(move, node, source.shape)
        if ahead is None:
            continue
        result = new_tensor(graph, source.name, "ahead", source.shape)
        nodes = list(graph.nodes)
        nodes[at] = replace(ahead, inputs=move.inputs, output=result.name)
        nodes[i] = replace(move, inputs=(result.name,), output=node.output)
        return rebuild(graph, nodes, tensors={result.name: result}), True
    return graph, False


def _computes(node: Node | None) -> bool:
    """Whether it may take over what follows it, or let it pass."""
    return isinstance(
        node, Conv | MaxPool | AveragePool | Add | Multiply | Extremum | Function | Move
    )


def _ahead(move: Move, node: Node, shape: tuple[int, int, int]) -> Node | None:
    """The node as it has to be on a tensor of `shape`; None if it stays where it is."""
    if isinstance(node, Clip) or (isinstance(node, Function) and isinstance(move, Resize)):
        return node
    if not isinstance(node, ChannelAffine):
        return None
    channels = shape[2]
    if isinstance(move, Slice):
        inside = np.arange(move.start[2], move.start[2] + len(node.scale))
        scale, offset = np.ones(channels), np.zeros(channels)
        scale[inside], offset[inside] = node.scale, node.offset
        return replace(node, scale=scale, offset=offset, steps=())
    repeats, rest = divmod(channels, len(node.scale))
    if rest:
        return None  # a Reshape after which channels lie across pixels
    assert repeats == 1 or not isinstance(move, Resize)
    scale, offset = np.tile(node.scale, repeats), np.tile(node.offset, repeats)
    return replace(node, scale=scale, offset=offset, steps=())
