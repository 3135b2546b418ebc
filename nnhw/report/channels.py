"""What a network is without the channels that no input can change."""

from __future__ import annotations

from ..ir import Graph, QConv
from ..mapping import node_macs
from .structure import Fit


def describe_channels(whole: Graph, graph: Graph) -> Fit:
    """What was left out of a network, from what it was before to what was built."""
    channels, macs, weights = (
        (before, before - after) for before, after in zip(_count(whole), _count(graph), strict=True)
    )
    saved = ""
    if channels[1]:
        saved = f"{macs[1]:,} of {macs[0]:,} MACs, {weights[1]:,} of {weights[0]:,} weights"
    return Fit(
        name="channels",
        kept=f"{channels[0] - channels[1]:,} of {channels[0]:,}",
        left_out=f"{channels[1]:,} that no input changes" if channels[1] else "none",
        saved=saved,
    )


def _count(graph: Graph) -> tuple[int, int, int]:
    """Output channels of all convolutions, multiply-accumulates, weights."""
    convolutions = [node for node in graph.nodes if isinstance(node, QConv)]
    return (
        sum(len(node.weight) for node in convolutions),
        sum(node_macs(node, graph) for node in convolutions),
        sum(node.weight.size for node in convolutions),
    )
