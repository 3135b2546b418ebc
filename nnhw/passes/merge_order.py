"""Lets convolutions write their channels in the order that is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import Conv, Graph, Node, Window
from .rewrite import NO_CLAMP, fuse_pairs


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Merge a convolution that only reorders channels into the dense convolution before it."""
    return fuse_pairs(graph, _merge)


def _merge(conv: Node, order: Node) -> Node | None:
    if not (isinstance(conv, Conv) and isinstance(order, Conv)) or conv.groups > 1:
        return None
    if order.window != Window() or order.groups > 1 or order.clamp != NO_CLAMP:
        return None
    matrix = order.weight[:, 0, 0, :]
    picks = matrix.argmax(axis=1)
    if order.bias.any() or not np.array_equal(matrix, np.eye(matrix.shape[1])[picks]):
        return None
    if sorted(picks) != list(range(len(conv.weight))):
        return None
    scale = conv.weight_scale
    return replace(
        conv,
        output=order.output,
        weight=conv.weight[picks],
        bias=conv.bias[picks],
        weight_scale=None if scale is None else scale[picks],
    )
