"""Turns a scale and offset per channel that nothing could take over into a convolution."""

from __future__ import annotations

from ..ir import ChannelAffine, Conv, Graph, Window
from .rewrite import rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Turn the first ChannelAffine into a depthwise 1 x 1 convolution.

    Only one at a time: the convolution may be able to take over what follows it.
    """
    for i, node in enumerate(graph.nodes):
        if isinstance(node, ChannelAffine):
            conv = Conv(
                name=node.name,
                inputs=node.inputs,
                output=node.output,
                window=Window(),
                weight=node.scale.reshape(-1, 1, 1, 1),
                bias=node.offset,
                groups=len(node.scale),
            )
            return rebuild(graph, (*graph.nodes[:i], conv, *graph.nodes[i + 1 :])), True
    return graph, False
