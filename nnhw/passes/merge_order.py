"""Lets convolutions write their channels in the order that is asked for, or read what is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import Conv, FakeQuantize, Function, Graph, Node, Window
from .rewrite import NO_CLAMP, fuse_pairs, new_tensor, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Merge a convolution that only reorders channels into the dense convolution before or behind.

    Functions and roundings between the two, which are the same for all channels, are passed first.
    """
    graph, changed = fuse_pairs(graph, _merge)
    if not changed:
        graph, changed = fuse_pairs(graph, _merge_behind)
    return (graph, True) if changed else _pass_function(graph)


def _merge_behind(order: Node, conv: Node) -> Node | None:
    picks = _picks(order)
    if picks is None or not isinstance(conv, Conv) or conv.groups > 1:
        return None
    return replace(conv, inputs=order.inputs, weight=conv.weight[..., np.argsort(picks)])


def _merge(conv: Node, order: Node) -> Node | None:
    picks = _picks(order)
    if picks is None or not isinstance(conv, Conv) or conv.groups > 1:
        return None
    scale, zero_point = conv.weight_scale, conv.weight_zero_point
    return replace(
        conv,
        output=order.output,
        weight=conv.weight[picks],
        bias=conv.bias[picks],
        weight_scale=None if scale is None else scale[picks],
        weight_zero_point=None if zero_point is None else zero_point[picks],
    )


def _picks(order: Node) -> np.ndarray | None:
    """The channel that each output channel of a permutation is; None if the node is none."""
    if not isinstance(order, Conv) or order.window != Window():
        return None
    if order.groups > 1 or order.clamp != NO_CLAMP or order.bias.any():
        return None
    matrix = order.weight[:, 0, 0, :]
    picks = matrix.argmax(axis=1)
    if sorted(picks) != list(range(matrix.shape[1])):
        return None
    return picks if np.array_equal(matrix, np.eye(len(matrix))[picks]) else None


def _pass_function(graph: Graph) -> tuple[Graph, bool]:
    """Exchange the first permutation with the function or rounding before it.

    Only where that leads to a convolution which can take the permutation over.
    """
    place = {node.output: i for i, node in enumerate(graph.nodes)}
    for i, order in enumerate(graph.nodes):
        source = order.inputs[0]
        if _picks(order) is None or not _comes_from_convolution(graph, source):
            continue
        at = place[source]
        function = graph.nodes[at]
        (source,) = function.inputs
        result = new_tensor(graph, source, "ordered", graph.tensors[source].shape)
        nodes = list(graph.nodes)
        nodes[at] = replace(order, inputs=(source,), output=result.name)
        nodes[i] = replace(function, inputs=(result.name,), output=order.output)
        return rebuild(graph, nodes, tensors={result.name: result}), True
    return graph, False


def _comes_from_convolution(graph: Graph, tensor: str) -> bool:
    """Whether a dense convolution makes it by functions or roundings, and nobody reads between."""
    outputs = {port.tensor for port in graph.outputs}
    while len(graph.readers(tensor)) == 1 and tensor not in outputs:
        node = graph.writer(tensor)
        if not isinstance(node, Function | FakeQuantize):
            return isinstance(node, Conv) and node.groups == 1
        (tensor,) = node.inputs
    return False
