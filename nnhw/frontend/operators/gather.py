"""Elements that are picked by constant indices."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...ir import Conv, Window
from ..builder import Builder
from ..node import OnnxNode
from ..one_hot import one_hot
from ..problems import NodeError
from ..runs import with_axis
from ..value import Value
from .registry import operator
from .slice import take_ranges


@operator(
    "Gather",
    attributes=("axis",),
    remark="by one constant index, or a list: evenly spaced as Slice, or any channels",
)
def gather(node: OnnxNode, build: Builder) -> Value:
    """Gather-13 and its older definitions, with constant indices of at most one axis.

    A single index removes its axis: x[:, :, -1] of PyTorch is the last step of a sequence.
    """
    if node.is_constant(0):
        raise NodeError(
            "it looks up rows of a table by computed indices, an embedding, which is not "
            "supported; begin the network behind it"
        )
    value, indices = node.value(), node.constant(1)
    shape = value.onnx_shape
    axis = node.attribute("axis") % len(shape)
    size = shape[axis]
    if indices.ndim > 1 or not indices.size:
        raise NodeError(
            f"its indices have shape {indices.shape}; one index or a list is supported: pick by a "
            "list, and Reshape its result"
        )
    picks = [int(index) for index in indices.reshape(-1)]
    if not all(-size <= index < size for index in picks):
        raise NodeError(f"its indices {picks} do not fit axis {axis} of its input of shape {shape}")
    picks = [index % size for index in picks]
    taken = range(picks[0], picks[-1] + 1, max(1, picks[1] - picks[0]) if len(picks) > 1 else 1)
    is_range = list(taken) == picks
    run = value.layout.axes[axis]
    last = len(value.layout.factors)
    is_innermost = run == tuple(range(last - len(run), last))
    if is_innermost and not (is_range and taken.step == 1):
        value = _pick_channels(node, build, value, axis, picks)
    elif is_range:
        value = take_ranges(node, build, value, {axis: taken})
    else:
        raise NodeError(
            f"it picks {picks} along axis {axis} of its input of shape {shape}; other than evenly "
            "spaced and ascending, only channels can be picked"
        )
    if indices.ndim:
        return value
    layout = value.layout.reshape([n for i, n in enumerate(value.onnx_shape) if i != axis])
    assert layout is not None, "an axis of size 1 goes without moving data"
    return replace(value, layout=layout)


def _pick_channels(
    node: OnnxNode, build: Builder, value: Value, axis: int, picks: list[int]
) -> Value:
    """Channels in any order, as a convolution, which the one before may take over."""
    size = value.onnx_shape[axis]
    first = len(value.layout.factors) - len(value.layout.axes[axis])
    if value.shape[2] != size:
        value = build.reshaped(value, (1, math.prod(value.shape) // size, size))
    shape = (*value.shape[:2], len(picks))
    output = build.add(
        Conv,
        node,
        (value.tensor,),
        shape,
        window=Window(),
        weight=one_hot(node.title, picks, size)[:, None, None, :],
        bias=np.zeros(len(picks)),
    )
    layout = with_axis(value.layout, axis, first, len(picks))
    return replace(value, tensor=output, shape=shape, layout=layout, views=())
