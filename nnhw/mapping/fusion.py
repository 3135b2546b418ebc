"""Additions that take place while one of their operands is written.

The sum of two tensors, as residual connections ask for (He et al., "Deep Residual Learning for
Image Recognition", 2016), needs no layer of its own where the second operand can be had at the end
of write-back: the layer that computes the first operand adds it there. The other operand waits in
the residual memory, which holds a tensor as the drain steps that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..ir import Graph, QAdd
from .config import EngineConfig
from .part import Part


def fuse_additions(
    graph: Graph, parts: Sequence[Part], config: EngineConfig
) -> tuple[Graph, list[Part]]:
    """Let layers add where that is possible; all other additions stay layers.

    An operand can be computed by the layer that adds if nothing else reads it. Of two such, it is
    the one that is computed later; the other way round, the layer moves down to the addition. Both
    operands must be written by one layer each, in the same steps.

    Returns
    -------
    The graph and its parts without these additions: instead of each there is the layer that
    computes an operand, whose node in the graph writes the sum. The graph tells who reads and
    writes which tensor, and when; for all else the original one is to be asked.
    """
    nodes, tensors, parts = list(graph.nodes), dict(graph.tensors), list(parts)
    for addition in [part for part in parts if isinstance(part.node, QAdd)]:
        layer = next(_adding_layers(graph, addition, parts, config), None)
        if layer is None:
            continue
        parts.remove(layer)
        parts[parts.index(addition)] = replace(layer, addition=addition)
        nodes.remove(layer.node)
        nodes[nodes.index(addition.node)] = replace(layer.node, output=addition.node.output)
        del tensors[layer.node.output]
    return replace(graph, nodes=tuple(nodes), tensors=tensors), parts


def _adding_layers(
    graph: Graph, addition: Part, parts: Sequence[Part], config: EngineConfig
) -> Iterator[Part]:
    """The layers that can take over an addition, the best one first."""
    outputs = {port.tensor for port in graph.outputs}
    writers = [part for part in parts if part.output in addition.inputs]
    if len(writers) != 2 or writers[0].output == writers[1].output:
        return  # of the same tensor, of an input of the network, or of what has several parts
    if any(part.is_scattered for part in writers):
        return
    earlier, later = writers
    if not np.array_equal(written_steps(earlier, config), written_steps(later, config)):
        return
    for layer in (later, earlier):
        if layer.addition is not None or len(graph.readers(layer.output)) > 1:
            continue
        if addition.output in outputs and not layer.writes_in_rows:
            continue
        yield layer


def written_steps(part: Part, config: EngineConfig) -> np.ndarray:
    """What a layer without gaps writes in each drain step: first element and number of elements.

    Returns
    -------
    numpy.ndarray
        int64 (steps, 2).
    """
    geometry, lanes = part.geometry, config.lanes
    rolls = geometry.rolls - geometry.warmup
    sizes = [geometry.tile_size] * (geometry.tiles - 1) + [geometry.tile_size_last]
    pitch = geometry.pixels * geometry.results_per_pixel  # of an image row, with rolls
    strips = []
    begin = 0
    for size in sizes:
        first = np.arange(0, size, lanes)
        count = np.minimum(lanes, size - first)
        tiles = begin + pitch * np.arange(rolls)
        strips.append(
            np.stack([np.add.outer(tiles, first).ravel(), np.tile(count, rolls)], axis=-1)
        )
        begin += size
    pixel = np.concatenate(strips)
    offsets = geometry.results_per_pixel * np.arange(geometry.pixels)
    steps = np.tile(pixel, (geometry.pixels, 1))
    steps[:, 0] += np.repeat(offsets, len(pixel))
    return steps
