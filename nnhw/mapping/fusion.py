"""Additions that take place while one of their operands is written.

The sum of two tensors, as residual connections ask for (He et al., "Deep Residual Learning for
Image Recognition", 2016), needs no layer of its own where the second operand can be had at the end
of write-back: the layer that computes the first operand adds it there. The other operand waits in
the residual memory, which holds a tensor as the drain steps that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from ..ir import Graph, QAdd
from ..machine import EngineConfig
from .lower import step_count
from .part import Part


def fuse_additions(
    graph: Graph, parts: Sequence[Part], config: EngineConfig
) -> tuple[Graph, list[Part]]:
    """Let layers add where that is possible; all other additions stay layers.

    An operand can be computed by the layers that add if nothing else reads it. Of two such, it is
    the one that is computed later; the other way round, its layers move down to the addition. Both
    operands must be written in the same steps.

    Returns
    -------
    The graph and its parts without these additions: instead of each there are the layers that
    compute an operand, whose node in the graph writes the sum. The graph tells who reads and
    writes which tensor, and when; for all else the original one is to be asked.
    """
    nodes, tensors, parts = list(graph.nodes), dict(graph.tensors), list(parts)
    for addition in [part for part in parts if isinstance(part.node, QAdd)]:
        layers = next(_adding_layers(graph, addition, parts, config), None)
        if layers is None:
            continue
        node = layers[0].node
        parts = [part for part in parts if part.node is not node]
        place = parts.index(addition)
        parts[place : place + 1] = [replace(layer, addition=addition) for layer in layers]
        nodes.remove(node)
        nodes[nodes.index(addition.node)] = replace(node, output=addition.node.output)
        del tensors[node.output]
    return replace(graph, nodes=tuple(nodes), tensors=tensors), parts


def _adding_layers(
    graph: Graph, addition: Part, parts: Sequence[Part], config: EngineConfig
) -> Iterator[list[Part]]:
    """The layers of an operator that can take over an addition, the best ones first."""
    outputs = {port.tensor for port in graph.outputs}
    writers = [part for part in parts if part.output in addition.inputs]
    operands = [list(group) for _, group in groupby(writers, lambda part: part.output)]
    if len(operands) != 2 or not all(part.in_order for part in writers):
        return  # of the same tensor, of an input of the network, or of what has gaps
    earlier, later = operands
    if not _written_alike(earlier, later, graph, config):
        return
    for layers in reversed(operands):
        if layers[0].addition is not None or len(graph.readers(layers[0].output)) > 1:
            continue
        if addition.output in outputs and not (layers[0].is_whole and layers[0].writes_in_rows):
            continue
        yield layers


def _written_alike(
    earlier: Sequence[Part], later: Sequence[Part], graph: Graph, config: EngineConfig
) -> bool:
    """Whether the layers of two operators without gaps write in the same drain steps."""
    if _pixel_runs(earlier, graph) == _pixel_runs(later, graph):
        return True
    if sum(step_count(part.geometry, config) for part in earlier) != sum(
        step_count(part.geometry, config) for part in later
    ):
        return False
    return np.array_equal(
        written_steps(earlier, graph, config), written_steps(later, graph, config)
    )


def _pixel_runs(parts: Sequence[Part], graph: Graph) -> list[tuple[object, ...]]:
    """What layers without gaps write, one run of like pixels after the other: the tiles of each
    pixel, the first element and the end. Millions of steps are as few runs as there are layers."""
    runs: list[tuple[object, ...]] = []
    begin = end = 0
    for part in parts:
        geometry = part.geometry
        _, width, channels = graph.tensors[part.node.output].shape
        rolls = geometry.finishing_rolls
        pixel = (
            *(geometry.tiles, geometry.tile_size, geometry.tile_size_last),
            *(rolls, width * channels if rolls > 1 else 0),
        )
        if runs and runs[-1][0] == pixel and part.offset == end:
            runs.pop()
        else:
            begin = part.offset
        end = part.offset + geometry.pixels * geometry.results_per_pixel
        runs.append((pixel, begin, end))
    return runs


def written_steps(parts: Sequence[Part], graph: Graph, config: EngineConfig) -> np.ndarray:
    """What layers without gaps write in each drain step: first element and number of elements.

    Returns
    -------
    numpy.ndarray
        int64 (steps, 2).
    """
    return np.concatenate([_written_steps(part, graph, config) for part in parts])


def _written_steps(part: Part, graph: Graph, config: EngineConfig) -> np.ndarray:
    geometry, lanes = part.geometry, config.lanes
    _, width, channels = graph.tensors[part.node.output].shape
    rolls = geometry.finishing_rolls
    sizes = [geometry.tile_size] * (geometry.tiles - 1) + [geometry.tile_size_last]
    strips = []
    begin = part.offset
    for size in sizes:
        first = np.arange(0, size, lanes)
        count = np.minimum(lanes, size - first)
        tiles = begin + width * channels * np.arange(rolls)
        strips.append(
            np.stack([np.add.outer(tiles, first).ravel(), np.tile(count, rolls)], axis=-1)
        )
        begin += size
    pixel = np.concatenate(strips)
    offsets = geometry.results_per_pixel * np.arange(geometry.pixels)
    steps = np.tile(pixel, (geometry.pixels, 1))
    steps[:, 0] += np.repeat(offsets, len(pixel))
    return steps
