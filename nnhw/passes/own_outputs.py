"""Gives every output a tensor of its own that an operator writes."""

from __future__ import annotations

from dataclasses import replace

from ..ir import Graph, Node, Port, Reshape, Tensor
from .rewrite import NO_CLAMP, copy_node, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Copy each output that is an input, a Reshape, or read inside the graph as well.

    Hardware streams an output out while it is computed, so it has to be computed by something,
    and must not be needed afterwards.
    """
    nodes: list[Node] = list(graph.nodes)
    tensors: dict[str, Tensor] = {}
    outputs: list[Port] = []
    for port in graph.outputs:
        writer = graph.writer(port.tensor)
        if writer is None or isinstance(writer, Reshape) or graph.readers(port.tensor):
            name = f"{port.tensor}_copy"
            while name in graph.tensors:
                name = f"{name}_copy"
            tensors[name] = Tensor(name=name, shape=graph.tensors[port.tensor].shape)
            nodes.append(
                copy_node(graph, name=name, source=port.tensor, output=name, clamp=NO_CLAMP)
            )
            port = replace(port, tensor=name)
        outputs.append(port)
    if not tensors:
        return graph, False
    return rebuild(graph, nodes, tensors=tensors, outputs=outputs), True
