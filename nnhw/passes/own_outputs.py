"""Gives every output a tensor of its own that an operator writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir import (
    Concat,
    DepthToSpace,
    FakeQuantize,
    Graph,
    Node,
    Reshape,
    Resize,
    Slice,
)
from .rewrite import new_tensor, rebuild

_MOVED = Reshape | Concat | Resize | DepthToSpace
"""Operators that write nothing, or their result piece by piece and not in its order."""


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Copy the first output that is an input, used for anything else as well, or only put together.

    Hardware streams an output out while it is computed, so it has to be computed by something, in
    the order of its elements, and must not be needed afterwards: by a node, or as another output.
    """
    uses = Counter(port.tensor for port in graph.outputs)
    uses.update(name for node in graph.nodes for name in node.inputs)
    for i, port in enumerate(graph.outputs):
        writer = _operator_of(graph, port.tensor)
        if writer is None or isinstance(writer, _MOVED) or uses[port.tensor] > 1:
            copy = new_tensor(graph, port.tensor, "copy", graph.tensors[port.tensor].shape)
            # The whole of the tensor as a slice of it, which is an exact copy.
            node = Slice(name=copy.name, inputs=(port.tensor,), output=copy.name, start=(0, 0, 0))
            outputs = list(graph.outputs)
            outputs[i] = replace(port, tensor=copy.name)
            nodes = (*graph.nodes, node)
            return rebuild(graph, nodes, tensors={copy.name: copy}, outputs=outputs), True
    return graph, False


def _operator_of(graph: Graph, tensor: str) -> Node | None:
    """What computes a tensor, before it is rounded."""
    writer = graph.writer(tensor)
    while isinstance(writer, FakeQuantize):
        writer = graph.writer(writer.inputs[0])
    return writer
