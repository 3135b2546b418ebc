"""Makes one of several slices in a row, steps included.

Exporters write a slice of rows and columns as one operator for each axis. A slice with steps is a
Slice and a MaxPool of single elements with a stride.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir import Graph, MaxPool, Node, Slice, Window
from .rewrite import NO_CLAMP, fuse_pairs, new_tensor, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Merge slices and strides; a Slice behind a stride goes ahead of it first."""
    graph, merged = fuse_pairs(graph, _merge)
    for node in graph.nodes:
        pool = graph.writer(node.inputs[0])
        if isinstance(node, Slice) and _is_stride(pool) and _is_private(graph, node.inputs[0]):
            assert isinstance(pool, MaxPool), "what strides is one"
            return _exchange(graph, pool, node), True
    return graph, merged


def _merge(first: Node, second: Node) -> Node | None:
    if isinstance(first, Slice) and isinstance(second, Slice):
        row, col, channel = (a + b for a, b in zip(first.start, second.start, strict=True))
        return replace(second, inputs=first.inputs, start=(row, col, channel))
    if _is_stride(first) and _is_stride(second):
        assert isinstance(first, MaxPool), "what strides is one"
        assert isinstance(second, MaxPool), "what strides is one"
        vertical, horizontal = (
            a * b for a, b in zip(first.window.stride, second.window.stride, strict=True)
        )
        return replace(second, inputs=first.inputs, window=Window(stride=(vertical, horizontal)))
    return None


def _is_stride(node: Node | None) -> bool:
    """Whether it is a MaxPool that only leaves out rows and columns."""
    return (
        isinstance(node, MaxPool)
        and node.window == Window(stride=node.window.stride)
        and node.clamp == NO_CLAMP
    )


def _is_private(graph: Graph, tensor: str) -> bool:
    """Whether only one node reads a tensor."""
    return len(graph.readers(tensor)) == 1 and all(p.tensor != tensor for p in graph.outputs)


def _exchange(graph: Graph, pool: MaxPool, node: Slice) -> Graph:
    """The slice ahead of the stride: from the first to the last element that is left."""
    steps = (*pool.window.stride, 1)
    shape = graph.tensors[node.output].shape
    row, col, channel = (at * step for at, step in zip(node.start, steps, strict=True))
    height, width, channels = (
        (size - 1) * step + 1 for size, step in zip(shape, steps, strict=True)
    )
    between = new_tensor(graph, pool.inputs[0], "block", (height, width, channels))
    ahead = replace(node, inputs=pool.inputs, output=between.name, start=(row, col, channel))
    behind = replace(pool, inputs=(between.name,), output=node.output)
    nodes = [{pool: ahead, node: behind}.get(other, other) for other in graph.nodes]
    return rebuild(graph, nodes, tensors={between.name: between})
