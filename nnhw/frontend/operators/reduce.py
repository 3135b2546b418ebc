"""Reductions that are pooling."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...ir import AveragePool, Window
from ..builder import Builder
from ..layout import Layout
from ..node import OnnxNode
from ..problems import FollowOnError, NodeError
from ..value import Value
from .registry import operator


@operator(
    "ReduceMean",
    attributes=("axes", "keepdims", "noop_with_empty_axes"),
    remark="over all spatial axes",
)
def reduce_mean(node: OnnxNode, build: Builder) -> Value:
    """ReduceMean-18 and its older definitions, which have the axes in an attribute."""
    value = node.value()
    if value.is_integer:
        raise NodeError("it averages integers; put a Cast to float before it")
    rank = len(value.onnx_shape)
    axes = {axis % rank for axis in node.ints(1, "axes") or ()}
    if not axes and not node.attribute("noop_with_empty_axes"):
        axes = set(range(rank))
    kept = [axis for axis in range(rank) if axis not in axes]
    sizes = value.layout.groups(sorted(axes), kept)
    if sizes is None or sum(value.onnx_shape[axis] > 1 for axis in kept) > 1:
        if value.assumed:
            raise FollowOnError
        raise NodeError(
            f"it averages axes {sorted(axes)} of an input of shape {value.onnx_shape}; "
            "only the average over all spatial axes is supported"
        )
    pixels, channels = sizes
    height, width = value.shape[:2]
    if height * width != pixels:
        value = build.reshaped(value, (pixels, 1, channels))
        height, width = pixels, 1
    shape = (1, 1, channels)
    output = build.add(
        AveragePool,
        node,
        (value.tensor,),
        shape,
        window=Window(kernel=(height, width)),
        divisor=np.full((1, 1), pixels),
    )
    keep = node.attribute("keepdims")
    result = [
        1 if axis in axes else value.onnx_shape[axis]
        for axis in range(rank)
        if keep or axis in kept
    ]
    assert math.prod(result) == channels
    return replace(value, tensor=output, shape=shape, layout=Layout.contiguous(result), views=())
