"""Reductions, which are pooling over a whole image, or over all channels of each pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...ir import AveragePool, Conv, Function, MaxPool, Window
from ..builder import Builder
from ..layout import Layout
from ..moving import moved
from ..node import OnnxNode
from ..problems import NodeError
from ..value import HostValue, Value
from .functions import apply_function
from .host import to_host
from .registry import operator

_ATTRIBUTES = ("axes", "keepdims", "noop_with_empty_axes")
_REMARK = "over axes that lie side by side in memory: all spatial axes, columns, or channels"


@operator("ReduceMean", attributes=_ATTRIBUTES, remark=_REMARK)
def reduce_mean(node: OnnxNode, build: Builder) -> Value:
    """ReduceMean-18 and its older definitions, which have the axes in an attribute."""
    return _sum(node, build, mean=True)


@operator("ReduceSum", attributes=_ATTRIBUTES, remark="as ReduceMean")
def reduce_sum(node: OnnxNode, build: Builder) -> Value:
    """ReduceSum-13 and its older definitions, which have the axes in an attribute."""
    return _sum(node, build, mean=False)


@operator("ReduceMax", attributes=_ATTRIBUTES, remark="as ReduceMean")
def reduce_max(node: OnnxNode, build: Builder) -> Value:
    """ReduceMax-20 and its older definitions, which have the axes in an attribute."""
    return _largest(node, build, node.value())


def _largest(node: OnnxNode, build: Builder, value: Value) -> Value:
    block = _block(node, build, value)
    if block.count == 1:
        return block.result(block.image.tensor)
    if block.is_channels:  # the channels of a pixel as a row of pixels
        pixels, channels = math.prod(block.shape), block.count
        block = replace(
            block,
            image=build.reshaped(block.image, (pixels, channels, 1)),
            window=Window(kernel=(1, channels)),
            shape=(pixels, 1, 1),
        )
    inputs = (block.image.tensor,)
    return block.result(build.add(MaxPool, node, inputs, block.shape, window=block.window))


@operator("ReduceMin", attributes=_ATTRIBUTES, remark="as ReduceMean: ReduceMax of negated values")
def reduce_min(node: OnnxNode, build: Builder) -> Value:
    """ReduceMin-20 and its older definitions, which have the axes in an attribute."""
    minus = -np.ones(())
    negated = build.affine(node, node.value(), minus, np.zeros(()))
    return build.affine(node, _largest(node, build, negated), minus, np.zeros(()))


@operator(
    "ReduceL2",
    attributes=_ATTRIBUTES,
    remark="at the end of the network left to the host; else squares, ReduceSum and a square root",
)
def reduce_l2(node: OnnxNode, build: Builder) -> Value | HostValue:
    """ReduceL2-18 and its older definitions, which have the axes in an attribute."""
    if node.is_trailing:
        return to_host(node)
    squares = apply_function(node, build, "pow", 2.0)
    total = _total(node, build, squares, mean=False)
    return build.pixelwise(Function, node, total, function="sqrt")


def _sum(node: OnnxNode, build: Builder, *, mean: bool) -> Value:
    return _total(node, build, node.value(), mean=mean)


def _total(node: OnnxNode, build: Builder, value: Value, *, mean: bool) -> Value:
    block = _block(node, build, value)
    inputs, divisor = (block.image.tensor,), block.count if mean else 1
    if block.count == 1:
        return block.result(block.image.tensor)
    if block.is_channels:
        weight = np.full((1, 1, 1, block.count), 1 / divisor)
        fields = {"window": Window(), "weight": weight, "bias": np.zeros(1)}
        return block.result(build.add(Conv, node, inputs, block.shape, **fields))
    divisors = np.full(block.shape[:2], divisor)
    output = build.add(
        AveragePool, node, inputs, block.shape, window=block.window, divisor=divisors
    )
    return block.result(output)


@dataclass(frozen=True, kw_only=True)
class _Block:
    """What is reduced, as an image.

    Parameters
    ----------
    image
        The input; what is reduced are whole rows and columns, or all channels.
    window
        Of the pooling, where it is not the channels.
    shape
        (H, W, C) of the result.
    layout
        How the result's ONNX axes run over it.
    """

    image: Value
    window: Window
    shape: tuple[int, int, int]
    layout: Layout

    @property
    def count(self) -> int:
        """Elements that become one."""
        return math.prod(self.image.shape) // math.prod(self.shape)

    @property
    def is_channels(self) -> bool:
        """Whether the channels of each pixel are reduced."""
        return self.shape[2] < self.image.shape[2]

    def result(self, tensor: str) -> Value:
        """What the node's output stands for."""
        return replace(self.image, tensor=tensor, shape=self.shape, layout=self.layout, views=())


def _block(node: OnnxNode, build: Builder, value: Value) -> _Block:
    """The reduced elements of a value: (outer, reduced, inner) in memory, moved if need be.

    Raises
    ------
    NodeError, FollowOnError
        If the input holds integers, or its layout is a guess that did not come true.
    """
    if value.is_integer:
        raise NodeError("it computes with integers; put a Cast to float before it")
    layout, rank = value.layout, len(value.onnx_shape)
    axes = {axis % rank for axis in node.ints(1, "axes") or ()}
    if not axes and not node.attribute("noop_with_empty_axes"):
        axes = set(range(rank))
    reduced = sorted(factor for axis in axes for factor in layout.axes[axis])
    first = reduced[0] if reduced else 0
    if reduced != list(range(first, first + len(reduced))):
        others = [i for i in range(len(layout.factors)) if i not in reduced]
        value = moved(build, value, [*reduced, *others])
        layout, first, reduced = value.layout, 0, list(range(len(reduced)))
    result = layout.without(axes, keep=bool(node.attribute("keepdims")))
    outer = math.prod(layout.factors[:first])
    count = math.prod(layout.factors[i] for i in reduced)
    inner = math.prod(value.shape) // (outer * count)
    if outer == 1 and inner == value.shape[2]:
        shape, window = (1, 1, inner), Window(kernel=value.shape[:2])
    elif inner == 1 and outer == value.shape[0] * value.shape[1]:
        shape, window = (*value.shape[:2], 1), Window()
    elif inner == 1:
        value, shape, window = build.reshaped(value, (outer, 1, count)), (outer, 1, 1), Window()
    else:
        value = build.reshaped(value, (outer, count, inner))
        shape, window = (outer, 1, inner), Window(kernel=(1, count))
    return _Block(image=value, window=window, shape=shape, layout=result)
