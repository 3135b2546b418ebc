"""Elements that are picked by constant indices."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...ir import Conv, Window
from ..builder import Builder
from ..moving import moved, with_shape
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
    remark="by constant indices: evenly spaced as Slice, or any as a convolution",
)
def gather(node: OnnxNode, build: Builder) -> Value:
    """Gather-13 and its older definitions, with constant indices.

    A single index removes its axis: x[:, :, -1] of PyTorch is the last step of a sequence. Indices
    of several axes give the result these axes in place of the one that they pick from.
    """
    if node.is_constant(0):
        raise NodeError(
            "it looks up rows of a table by computed indices, an embedding, which is not "
            "supported; cut the model behind it, and look up on the host"
        )
    value, indices = node.value(), node.constant(1)
    shape = value.onnx_shape
    axis = node.attribute("axis") % len(shape)
    size = shape[axis]
    if not indices.size:
        raise NodeError("its indices are empty, so that it picks nothing; remove the node")
    picks = [int(index) for index in indices.reshape(-1)]
    if not all(-size <= index < size for index in picks):
        raise NodeError(
            f"its indices {picks} do not fit axis {axis} of its input of shape {shape}; export the "
            "model again"
        )
    picks = [index % size for index in picks]
    taken = range(picks[0], picks[-1] + 1, max(1, picks[1] - picks[0]) if len(picks) > 1 else 1)
    is_range = list(taken) == picks
    run = value.layout.axes[axis]
    last = len(value.layout.factors)
    is_innermost = run == tuple(range(last - len(run), last))
    if is_range and not (is_innermost and taken.step > 1):
        value = take_ranges(node, build, value, {axis: taken})
    else:
        if not is_innermost:
            value = moved(build, value, [*(i for i in range(last) if i not in run), *run])
        value = _pick_channels(node, build, value, axis, picks)
    return with_shape(build, value, [*shape[:axis], *indices.shape, *shape[axis + 1 :]])


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
