"""The passes in order, run until none of them finds anything to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir import Graph
from . import (
    distribute_affine,
    drop_dynamic,
    drop_unused,
    expand_groups,
    fold_affine,
    fuse_clip,
    lower_affine,
    lower_clip,
    match_activation,
    merge_affine,
    merge_order,
    merge_pad,
    merge_reshape,
    merge_slices,
    move_ahead,
    move_rounding,
    narrow_rounding,
    own_outputs,
    split_resize,
    take_host_steps,
)

Pass = Callable[[Graph], tuple[Graph, bool]]

# Fusing comes before lowering, which fixes what could not be fused. Every pass removes nodes,
# replaces them by kinds that no pass turns back, or moves them in a direction in which none
# moves them back, so that this comes to an end.
PASSES: tuple[Pass, ...] = (
    drop_dynamic.apply,
    take_host_steps.apply,
    drop_unused.apply,
    merge_reshape.apply,
    merge_slices.apply,
    narrow_rounding.apply,
    move_rounding.apply,
    match_activation.apply,
    merge_affine.apply,
    move_ahead.apply,
    merge_pad.apply,
    fold_affine.apply,
    distribute_affine.apply,
    fuse_clip.apply,
    merge_order.apply,
    lower_affine.apply,
    lower_clip.apply,
    expand_groups.apply,
    split_resize.apply,
    own_outputs.apply,
)
"""Each gives the graph and whether it has changed it."""


def simplify_graph(graph: Graph, added: Sequence[Pass] = ()) -> Graph:
    """Bring a float graph into the form that quantization and hardware take.

    Afterwards
    - there are only Conv (of groups 1, or depthwise with one output for each input channel),
      MaxPool, AveragePool, Add, Multiply, Extremum (with their clamps fused), Function, Concat
      and Move nodes, and FakeQuantize in models that arrived quantized;
    - what a model that arrived quantized computes before it rounds its input is the host's;
    - every output is computed by one of them in the order of its elements, not put together
      (Reshape, Concat, Resize, DepthToSpace), and read by no node;
    - every node is needed, no Reshape reads a Reshape, and none keeps the shape.

    Real results are the same up to rounding.

    Parameters
    ----------
    graph
        Float graph.
    added
        Passes of plug-ins. They come before all others, so that they see the network as it was
        read, and may bring float nodes of their own.
    """
    passes = (*added, *PASSES)
    changed = True
    while changed:
        for apply in passes:
            graph, changed = apply(graph)
            if changed:
                break
    return graph
