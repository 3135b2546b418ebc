"""Concatenation."""

from __future__ import annotations

import math

import numpy as np

from ...ir import Concat
from ..builder import Builder, layout_problem
from ..node import OnnxNode
from ..runs import axis_run, with_axis
from ..value import Value
from .registry import operator


@operator(
    "Concat",
    attributes=("axis",),
    remark="of computed tensors and constants, along any axis but the batch",
)
def concat(node: OnnxNode, build: Builder) -> Value:
    """Concat-13 and its older definitions down to Concat-4.

    Hardware joins tensors along their channels, innermost in memory. For any other axis they are
    seen as tensors whose channels are that axis and all that lies within it.
    """
    values = [node.value(i) for i in range(node.input_count)]
    if len(values) == 1:
        return values[0]
    rank = len(values[0].onnx_shape)
    axis = node.attribute("axis") % rank
    sizes = [value.onnx_shape[axis] for value in values]
    # An axis of one element has no place of its own in memory, but that of the others.
    leader = values[int(np.argmax(sizes))]
    outer = _elements_outside(leader, axis)
    orders = [_order_of_others(value, axis, outer) for value in values]
    for value, order in zip(values, orders, strict=True):
        if order is None or orders[0] is None or (order != orders[0]).any():
            raise layout_problem(value, "the other inputs")
    inner = math.prod(leader.shape) // outer // leader.onnx_shape[axis]
    shapes = [
        _as_channels(value, outer, size * inner) for value, size in zip(values, sizes, strict=True)
    ]
    if len({shape[:2] for shape in shapes}) > 1:
        shapes = [(outer, 1, size * inner) for size in sizes]
    parts = [build.reshaped(value, shape) for value, shape in zip(values, shapes, strict=True)]
    height, width, _ = shapes[0]
    shape = (height, width, sum(sizes) * inner)
    tensor = build.add(Concat, node, tuple(part.tensor for part in parts), shape)
    return Value(
        tensor=tensor,
        shape=shape,
        layout=with_axis(leader.layout, axis, _position(leader, axis, outer), sum(sizes)),
        elem_type=leader.elem_type,
        quantization=leader.quantization,
    )


def _as_channels(value: Value, outer: int, channels: int) -> tuple[int, int, int]:
    """A shape of `outer` pixels of so many channels, the value's own if it is such."""
    own = value.shape
    return own if own[0] * own[1] == outer and own[2] == channels else (outer, 1, channels)


def _elements_outside(value: Value, axis: int) -> int:
    """Elements outside of an axis in memory."""
    shape = value.onnx_shape
    if shape[axis] > 1:
        run = axis_run(value.layout, axis)
        if run is None:
            raise layout_problem(value, f"with axis {axis} equally spaced in memory")
        return run.outer
    # Channels (axis 1) are innermost, other axes in ONNX's order.
    return math.prod(shape[2:] if axis == 1 else shape[2:axis])


def _position(value: Value, axis: int, outer: int) -> int:
    """First factor of the axis, or of what comes to lie within it."""
    products = np.cumprod([1, *value.layout.factors]).tolist()
    return products.index(outer)


def _order_of_others(value: Value, axis: int, outer: int) -> np.ndarray | None:
    """The other axes' elements in memory order; None if `axis` is not where it has to be."""
    shape = value.onnx_shape
    size, count = shape[axis], math.prod(shape)
    if count % (outer * size):
        return None
    others = np.arange(count // size).reshape([n for i, n in enumerate(shape) if i != axis])
    both = [
        np.broadcast_to(np.expand_dims(others, axis), shape),
        np.moveaxis(np.broadcast_to(np.arange(size), (*others.shape, size)), -1, axis),
    ]
    order, along = (value.layout.to_memory(array).reshape(outer, size, -1) for array in both)
    if (along != np.arange(size)[:, None]).any() or (order != order[:, :1]).any():
        return None
    return order[:, 0]
