"""Walking a graph over a batch of arrays, shared by every NumPy execution."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from .batch import Batch, as_batch
from .graph import Graph
from .nodes import Conv, Node
from .operators import QConv

Operator = Callable[[Node, list[np.ndarray]], np.ndarray]
"""Computes a node's output (N, H, W, C) from its inputs."""

_CHUNK_ELEMENTS = 1 << 22
"""Elements that one node's arrays may have.

Fewer stay closer to the processor, but make more and smaller matrix products, whose threads wait
for each other on a busy machine.
"""

_KEPT_ELEMENTS = 1 << 26
"""Elements of all tensors that are kept at a time: 256 MiB in float32."""


def execute(
    graph: Graph, x: Batch | np.ndarray, operator: Operator, keep: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """Run a graph on a batch.

    The batch is executed in chunks, and within a chunk every tensor is dropped after its last
    use, so that memory is bounded by what is kept.

    Parameters
    ----------
    graph
        Any graph.
    x
        N samples, N at least 1; of an only input the array (N, H, W, C).
    operator
        What a node computes.
    keep
        Names of the tensors to return; the graph's outputs if None.

    Returns
    -------
    dict
        (N, H, W, C) by tensor name.

    Raises
    ------
    ValueError
        If `x` does not have the shapes of the graph's inputs, or `keep` names an unknown tensor.
    """
    kept = {port.tensor for port in graph.outputs} if keep is None else set(keep)
    if unknown := sorted(kept - set(graph.tensors)):
        raise ValueError(f"Graph '{graph.name}' has no tensors {unknown}")
    batch = as_batch(graph, x)
    if not len(batch):
        raise ValueError(f"Graph '{graph.name}' takes a batch of at least one sample")
    size = chunk_size(graph)
    chunks = [
        _run_chunk(graph, batch[start : start + size], operator, kept)
        for start in range(0, len(batch), size)
    ]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in sorted(kept)}


def _run_chunk(
    graph: Graph, batch: Batch, operator: Operator, kept: set[str]
) -> dict[str, np.ndarray]:
    values = dict(batch.arrays)
    last_use = {name: node for node in graph.nodes for name in node.inputs}
    for node in graph.nodes:
        values[node.output] = operator(node, [values[name] for name in node.inputs])
        for name in set(node.inputs):
            if last_use[name] is node and name not in kept:
                del values[name]
    return {name: values[name] for name in kept}


def kept_batch(graph: Graph, most: int) -> int:
    """Samples, at most `most` and at least 1, of which all tensors can be kept at a time."""
    elements = sum(tensor.size for tensor in graph.tensors.values())
    return max(1, min(most, _KEPT_ELEMENTS // elements))


def chunk_size(graph: Graph) -> int:
    """Samples that are executed at a time; at least 1."""
    largest = 1
    for node in graph.nodes:
        height, width, _ = graph.tensors[node.output].shape
        elements = graph.tensors[node.output].size
        for name in node.inputs:
            elements += graph.tensors[name].size
        if isinstance(node, Conv | QConv):  # a convolution copies its windows
            elements += height * width * node.weight[0].size * node.groups
        largest = max(largest, elements)
    return max(1, _CHUNK_ELEMENTS // largest)
