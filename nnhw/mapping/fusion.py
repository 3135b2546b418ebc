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
from .layer_plan import LayerPlan


def fuse_additions(
    graph: Graph, plans: Sequence[LayerPlan], config: EngineConfig
) -> tuple[Graph, list[LayerPlan]]:
    """Let layers add where that is possible; all other additions stay layers.

    An operand can be computed by the layers that add if nothing else reads it. Of two such, it is
    the one that is computed later; the other way round, its layers move down to the addition. Both
    operands must be written in the same steps.

    Returns
    -------
    The graph and its layers without these additions: instead of each there are the layers that
    compute an operand, whose node in the graph writes the sum. The graph tells who reads and
    writes which tensor, and when; for all else the original one is to be asked.
    """
    nodes, tensors, plans = list(graph.nodes), dict(graph.tensors), list(plans)
    for addition in [plan for plan in plans if isinstance(plan.node, QAdd)]:
        layers = next(_adding_layers(graph, addition, plans, config), None)
        if layers is None:
            continue
        node = layers[0].node
        plans = [plan for plan in plans if plan.node is not node]
        place = plans.index(addition)
        plans[place : place + 1] = [replace(layer, fused=addition) for layer in layers]
        nodes.remove(node)
        nodes[nodes.index(addition.node)] = replace(node, output=addition.node.output)
        del tensors[node.output]
    return replace(graph, nodes=tuple(nodes), tensors=tensors), plans


def _adding_layers(
    graph: Graph, addition: LayerPlan, plans: Sequence[LayerPlan], config: EngineConfig
) -> Iterator[list[LayerPlan]]:
    """The layers of an operator that can take over an addition, the best ones first."""
    outputs = {port.tensor for port in graph.outputs}
    writers = [plan for plan in plans if plan.tensor in addition.inputs]
    operands = [list(group) for _, group in groupby(writers, lambda plan: plan.tensor)]
    if len(operands) != 2 or not all(plan.in_order for plan in writers):
        return  # of the same tensor, of an input of the network, or of what has gaps
    earlier, later = operands
    if not _written_alike(earlier, later, graph, config):
        return
    for layers in reversed(operands):
        if layers[0].fused is not None or len(graph.readers(layers[0].tensor)) > 1:
            continue
        if addition.tensor in outputs and not (layers[0].is_whole and layers[0].writes_in_rows):
            continue
        yield layers


def _written_alike(
    earlier: Sequence[LayerPlan], later: Sequence[LayerPlan], graph: Graph, config: EngineConfig
) -> bool:
    """Whether the layers of two operators without gaps write in the same drain steps."""
    if _pixel_runs(earlier, graph) == _pixel_runs(later, graph):
        return True
    steps = [sum(plan.nest.total_steps(config) for plan in plans) for plans in (earlier, later)]
    if steps[0] != steps[1]:
        return False
    return np.array_equal(
        written_steps(earlier, graph, config), written_steps(later, graph, config)
    )


def _pixel_runs(plans: Sequence[LayerPlan], graph: Graph) -> list[tuple[object, ...]]:
    """What layers without gaps write, one run of like pixels after the other: the tiles of each
    pixel, the first element and the end. Millions of steps are as few runs as there are layers."""
    runs: list[tuple[object, ...]] = []
    begin = end = 0
    for plan in plans:
        nest = plan.nest
        _, width, channels = graph.tensors[plan.node.output].shape
        rolls = nest.finishing_rolls
        pixel = (
            *(nest.tiles, nest.tile_size, nest.tile_size_last),
            *(rolls, width * channels if rolls > 1 else 0),
        )
        if runs and runs[-1][0] == pixel and plan.offset == end:
            runs.pop()
        else:
            begin = plan.offset
        end = plan.offset + nest.pixels * nest.results_per_pixel
        runs.append((pixel, begin, end))
    return runs


def written_steps(plans: Sequence[LayerPlan], graph: Graph, config: EngineConfig) -> np.ndarray:
    """What layers without gaps write in each drain step: first element and number of elements.

    Returns
    -------
    numpy.ndarray
        int64 (steps, 2).
    """
    return np.concatenate([_written_steps(plan, graph, config) for plan in plans])


def _written_steps(plan: LayerPlan, graph: Graph, config: EngineConfig) -> np.ndarray:
    nest, lanes = plan.nest, config.lanes
    _, width, channels = graph.tensors[plan.node.output].shape
    rolls = nest.finishing_rolls
    sizes = [nest.tile_size] * (nest.tiles - 1) + [nest.tile_size_last]
    strips = []
    begin = plan.offset
    for size in sizes:
        first = np.arange(0, size, lanes)
        count = np.minimum(lanes, size - first)
        tiles = begin + width * channels * np.arange(rolls)
        strips.append(
            np.stack([np.add.outer(tiles, first).ravel(), np.tile(count, rolls)], axis=-1)
        )
        begin += size
    pixel = np.concatenate(strips)
    offsets = nest.results_per_pixel * np.arange(nest.pixels)
    steps = np.tile(pixel, (nest.pixels, 1))
    steps[:, 0] += np.repeat(offsets, len(pixel))
    return steps
