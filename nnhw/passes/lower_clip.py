"""Turns a clamp that could not be fused into an operator of its own."""

from __future__ import annotations

from ..ir import Clip, Graph
from .rewrite import copy_node, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Turn the first Clip into an average over single elements with that clamp.

    Only one at a time: it may be able to take over a Clip that follows it.
    """
    for i, node in enumerate(graph.nodes):
        if isinstance(node, Clip):
            copy = copy_node(
                graph,
                name=node.name,
                source=node.inputs[0],
                output=node.output,
                clamp=node.clamp,
            )
            return rebuild(graph, (*graph.nodes[:i], copy, *graph.nodes[i + 1 :])), True
    return graph, False
