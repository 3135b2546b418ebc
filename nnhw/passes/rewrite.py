"""What the passes share: rebuilding a graph from changed nodes, and fusing pairs of nodes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from ..ir import AveragePool, Clamp, Graph, Node, Port, Tensor, Window

NO_CLAMP = Clamp()

Fuse = Callable[[Node, Node], Node | None]
"""Given a producer and its only reader: the one node for both, or None if they stay apart."""


def rebuild(
    graph: Graph,
    nodes: Iterable[Node],
    *,
    tensors: Mapping[str, Tensor] | None = None,
    outputs: Iterable[Port] | None = None,
) -> Graph:
    """The graph with other nodes, without the tensors that none of them writes any more.

    Parameters
    ----------
    graph
        The graph before.
    nodes
        All nodes, in execution order.
    tensors
        New tensors.
    outputs
        New output ports; those of `graph` if None.
    """
    nodes = tuple(nodes)
    known = {**graph.tensors, **(tensors or {})}
    written = [port.tensor for port in graph.inputs] + [node.output for node in nodes]
    return replace(
        graph,
        nodes=nodes,
        tensors={name: known[name] for name in written},
        outputs=graph.outputs if outputs is None else tuple(outputs),
    )


def bypass(graph: Graph, node: Node, instead: str) -> Graph:
    """The graph without a node; `instead` is read in place of its output."""
    nodes = [
        replace(
            other,
            inputs=tuple(instead if name == node.output else name for name in other.inputs),
        )
        if node.output in other.inputs
        else other
        for other in graph.nodes
        if other is not node
    ]
    outputs = [
        replace(port, tensor=instead) if port.tensor == node.output else port
        for port in graph.outputs
    ]
    return rebuild(graph, nodes, outputs=outputs)


def fuse_pairs(graph: Graph, fuse: Fuse) -> tuple[Graph, bool]:
    """Fuse nodes with the only reader of their output, wherever `fuse` makes one node of both.

    The node that results takes the producer's place and is considered again with its own reader.
    """
    reads = Counter(name for node in graph.nodes for name in node.inputs)
    outputs = {port.tensor for port in graph.outputs}
    nodes: list[Node | None] = list(graph.nodes)
    place: dict[str, int] = {}
    changed = False
    for i, node in enumerate(graph.nodes):
        place[node.output] = i
        first = node.inputs[0]
        producer = nodes[place[first]] if first in place else None
        if producer is None or reads[first] != 1 or first in outputs:
            continue
        fused = fuse(producer, node)
        if fused is not None:
            nodes[place[first]], nodes[i] = fused, None
            place[node.output] = place[first]
            changed = True
    if not changed:
        return graph, False
    return rebuild(graph, (node for node in nodes if node is not None)), True


def new_tensor(graph: Graph, name: str, suffix: str, shape: tuple[int, int, int]) -> Tensor:
    """A tensor whose name, `name` with `suffix`, is not that of any of the graph's."""
    name = f"{name}_{suffix}"
    while name in graph.tensors:
        name = f"{name}_{suffix}"
    return Tensor(name=name, shape=shape)


def clamp_behind(clamp: Clamp, scale: np.ndarray, offset: np.ndarray) -> Clamp | None:
    """The clamp behind a scale and an offset per channel, float64 (channels,), that does what
    `clamp` does ahead of them; None if there is none, as it would differ from channel to channel.
    """
    if clamp == NO_CLAMP:
        return clamp
    ahead = (clamp.lo, clamp.hi) if (scale > 0).all() else (clamp.hi, clamp.lo)
    if not ((scale > 0).all() or (scale < 0).all()):
        return None
    bounds = [
        bound * scale + offset if math.isfinite(bound) else np.sign(scale) * bound
        for bound in ahead
    ]
    if any((bound != bound[0]).any() for bound in bounds):
        return None
    lo, hi = (float(bound[0]) for bound in bounds)
    return Clamp(lo=lo, hi=hi)


def copy_node(graph: Graph, *, name: str, source: str, output: str, clamp: Clamp) -> AveragePool:
    """An average over single elements: it copies tensor `source`, clamped, to `output`."""
    height, width, _ = graph.tensors[source].shape
    return AveragePool(
        name=name,
        inputs=(source,),
        output=output,
        window=Window(),
        divisor=np.ones((height, width), np.int64),
        clamp=clamp,
    )
