"""Pooling over windows and over whole images."""

from __future__ import annotations

import numpy as np

from ...ir import AveragePool, MaxPool, Window
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from ..windows import Axis, sliding_axes, window_of
from .registry import operator

_GEOMETRY = ("auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides")


@operator(
    "MaxPool",
    # storage_order only concerns the indices, which are refused where they are used.
    attributes=(*_GEOMETRY, "storage_order"),
    remark="1-D and 2-D; without the output Indices",
)
def max_pool(node: OnnxNode, build: Builder) -> Value:
    """MaxPool-22 and its older definitions, which have fewer attributes."""
    image = build.image(node)
    vertical, horizontal = sliding_axes(node, image, tuple(node.attribute("kernel_shape")))
    _covered_elements(vertical, horizontal, include_pad=False)
    window = window_of(vertical, horizontal)
    shape = (*window.output_size(*image.shape[:2]), image.shape[2])
    output = build.add(MaxPool, node, (image.tensor,), shape, window=window)
    return image.result(output, shape)


@operator(
    "AveragePool",
    attributes=(*_GEOMETRY, "count_include_pad"),
    remark="1-D and 2-D",
)
def average_pool(node: OnnxNode, build: Builder) -> Value:
    """AveragePool-22 and its older definitions, which have fewer attributes.

    Padding that ceil_mode adds never counts.
    """
    image = build.image(node)
    vertical, horizontal = sliding_axes(node, image, tuple(node.attribute("kernel_shape")))
    divisor = _covered_elements(
        vertical, horizontal, include_pad=bool(node.attribute("count_include_pad"))
    )
    window = window_of(vertical, horizontal)
    shape = (*divisor.shape, image.shape[2])
    output = build.add(AveragePool, node, (image.tensor,), shape, window=window, divisor=divisor)
    return image.result(output, shape)


@operator("GlobalAveragePool", remark="1-D and 2-D")
def global_average_pool(node: OnnxNode, build: Builder) -> Value:
    """GlobalAveragePool-22 and its older definition."""
    image = build.image(node)
    height, width, channels = image.shape
    output = build.add(
        AveragePool,
        node,
        (image.tensor,),
        (1, 1, channels),
        window=_whole(height, width),
        divisor=np.full((1, 1), height * width),
    )
    return image.result(output, (1, 1, channels))


@operator("GlobalMaxPool", remark="1-D and 2-D")
def global_max_pool(node: OnnxNode, build: Builder) -> Value:
    """GlobalMaxPool-22 and its older definition."""
    image = build.image(node)
    height, width, channels = image.shape
    output = build.add(
        MaxPool, node, (image.tensor,), (1, 1, channels), window=_whole(height, width)
    )
    return image.result(output, (1, 1, channels))


def _whole(height: int, width: int) -> Window:
    return Window(kernel=(height, width))


def _covered_elements(vertical: Axis, horizontal: Axis, *, include_pad: bool) -> np.ndarray:
    """int64 (output rows, output columns): elements that count in each window; at least 1."""
    counts = np.multiply.outer(
        vertical.counts(include_pad=include_pad), horizontal.counts(include_pad=include_pad)
    )
    if not counts.all():
        raise NodeError("a window lies in the padding entirely; make pads smaller than the kernel")
    return counts
