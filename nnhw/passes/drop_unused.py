"""Drops nodes whose results nobody uses."""

from __future__ import annotations

from ..ir import Graph, Node
from .rewrite import rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Keep only the nodes that an output depends on."""
    needed = {port.tensor for port in graph.outputs}
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            kept.append(node)
    if len(kept) == len(graph.nodes):
        return graph, False
    return rebuild(graph, reversed(kept)), True
