"""Removes reshapes that change nothing, and makes one of several in a row."""

from __future__ import annotations

from dataclasses import replace

from ..ir import Graph, Node, Reshape
from .rewrite import rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Let every reader of a Reshape read as far ahead of it as possible.

    A Reshape of a Reshape reads what the first one reads; the readers of a Reshape that keeps the
    shape read its input. What nobody reads any more is left to `drop_unused`.
    """
    source: dict[str, str] = {}  # of each Reshape's output
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = tuple(
            source[name]
            if name in source
            and (
                isinstance(node, Reshape)
                or graph.tensors[source[name]].shape == graph.tensors[name].shape
            )
            else name
            for name in node.inputs
        )
        if inputs != node.inputs:
            node = replace(node, inputs=inputs)
        if isinstance(node, Reshape):
            source[node.output] = node.inputs[0]
        nodes.append(node)
    outputs = tuple(
        replace(port, tensor=source[port.tensor])
        if port.tensor in source
        and graph.tensors[source[port.tensor]].shape == graph.tensors[port.tensor].shape
        else port
        for port in graph.outputs
    )
    changed = outputs != graph.outputs or any(
        new is not old for new, old in zip(nodes, graph.nodes, strict=True)
    )
    return (rebuild(graph, nodes, outputs=outputs), True) if changed else (graph, False)
