"""Repeating what lies along an axis."""

from __future__ import annotations

import math
from dataclasses import replace

from ..ir import Resize
from .builder import Builder
from .layout import Layout
from .moving import in_axes_order
from .node import OnnxNode
from .value import Value


def repeated(node: OnnxNode, build: Builder, value: Value, axis: int, count: int) -> Value:
    """A value whose elements along an ONNX axis follow each other `count` times.

    All that lies within the axis in memory is repeated as if it were one pixel. An axis of one
    element comes to lie where it costs least: that of channels innermost, others outside of what
    follows them.

    Raises
    ------
    FollowOnError
        If elements have to move for it, and the layout is a guess.
    """
    run = value.layout.axes[axis]
    if list(run) != list(range(run[0], run[0] + len(run)) if run else ()):
        value = in_axes_order(build, value, range(len(value.onnx_shape)))
        run = value.layout.axes[axis]
    factors = value.layout.factors
    place = run[0] if run else _place(value.layout, axis)
    outer, inner = math.prod(factors[:place]), math.prod(factors[place:])
    source = build.reshaped(value, (outer, 1, inner))
    shape = (outer, count, inner)
    tensor = build.add(Resize, node, (source.tensor,), shape, factor=(1, count))
    axes = [[i if i < place else i + 1 for i in other] for other in value.layout.axes]
    axes[axis].insert(0, place)
    layout = Layout.of_memory([*factors[:place], count, *factors[place:]], axes)
    return replace(value, tensor=tensor, shape=shape, layout=layout, views=())


def _place(layout: Layout, axis: int) -> int:
    """The factor before which an axis of one element comes to lie."""
    rank = len(layout.axes)
    order = [0, *range(2, rank), 1] if rank > 2 else list(range(rank))  # channels innermost
    behind = order[order.index(axis) + 1 :]
    return min((layout.axes[i][0] for i in behind if layout.axes[i]), default=len(layout.factors))
