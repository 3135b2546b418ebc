"""Gives every output a tensor of its own that an operator writes."""

from __future__ import annotations

from dataclasses import replace

from ..ir import (
    Concat,
    DepthToSpace,
    FakeQuantize,
    Graph,
    Node,
    Port,
    Reshape,
    Resize,
    Slice,
    Tensor,
)
from .rewrite import new_tensor, rebuild

_MOVED = Reshape | Concat | Resize | DepthToSpace
"""Operators that write nothing, or their result piece by piece and not in its order."""


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Copy each output that is an input, read inside the graph as well, or only put together.

    Hardware streams an output out while it is computed, so it has to be computed by something, in
    the order of its elements, and must not be needed afterwards.
    """
    nodes: list[Node] = list(graph.nodes)
    tensors: dict[str, Tensor] = {}
    outputs: list[Port] = []
    for port in graph.outputs:
        writer = _operator_of(graph, port.tensor)
        if writer is None or isinstance(writer, _MOVED) or graph.readers(port.tensor):
            copy = new_tensor(graph, port.tensor, "copy", graph.tensors[port.tensor].shape)
            tensors[copy.name] = copy
            # The whole of the tensor as a slice of it, which is an exact copy.
            nodes.append(
                Slice(name=copy.name, inputs=(port.tensor,), output=copy.name, start=(0, 0, 0))
            )
            port = replace(port, tensor=copy.name)
        outputs.append(port)
    if not tensors:
        return graph, False
    return rebuild(graph, nodes, tensors=tensors, outputs=outputs), True


def _operator_of(graph: Graph, tensor: str) -> Node | None:
    """What computes a tensor, before it is rounded."""
    writer = graph.writer(tensor)
    while isinstance(writer, FakeQuantize):
        writer = graph.writer(writer.inputs[0])
    return writer
