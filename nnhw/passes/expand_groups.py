"""Turns grouped convolutions into dense ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import Conv, Graph, Node
from .rewrite import rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Fill grouped weights up with zeros, except for depthwise convolution.

    Depthwise here means one output channel for each input channel, which hardware has its own way
    to compute; every other grouping becomes groups=1.
    """
    nodes: list[Node] = []
    for node in graph.nodes:
        if isinstance(node, Conv) and node.groups > 1:
            channels = graph.tensors[node.inputs[0]].shape[2]
            if not node.groups == channels == len(node.weight):
                node = replace(node, weight=_dense(node, channels), groups=1)
        nodes.append(node)
    if all(new is old for new, old in zip(nodes, graph.nodes, strict=True)):
        return graph, False
    return rebuild(graph, nodes), True


def _dense(conv: Conv, channels: int) -> np.ndarray:
    weight = np.zeros((*conv.weight.shape[:3], channels))
    inputs, outputs = channels // conv.groups, len(conv.weight) // conv.groups
    for group in range(conv.groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        columns = slice(group * inputs, (group + 1) * inputs)
        weight[rows, :, :, columns] = conv.weight[rows]
    return weight
