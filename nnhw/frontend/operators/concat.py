"""Concatenation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...ir import Concat
from ..builder import Builder
from ..constant_tensor import append_constant
from ..moving import axes_orders, in_axes_order
from ..node import OnnxNode
from ..runs import axis_run, with_axis
from ..value import HostValue, Value
from .host import concat_to_host
from .registry import operator


@operator(
    "Concat",
    attributes=("axis",),
    remark=(
        "of computed tensors and constants, along any axis but the batch; at the end of the "
        "network, of what stays with the host and of computed tensors, left to the host"
    ),
)
def concat(node: OnnxNode, build: Builder) -> Value | HostValue:
    """Concat-13 and its older definitions down to Concat-4.

    A constant part is made of a computed one, by weights of zero.

    Hardware joins tensors along their channels, innermost in memory. For any other axis they are
    seen as tensors whose channels are that axis and all that lies within it. Tensors whose elements
    lie in different orders are moved.

    The host joins what is there already.
    """
    every = range(node.input_count)
    if any(isinstance(node.input(i), HostValue) for i in every):
        return concat_to_host(node)
    parts = [_part(node, i) for i in every]
    values = [part for part in parts if isinstance(part, Value)]
    if len(parts) == 1:
        return values[0]
    rank = len(values[0].onnx_shape)
    axis = node.attribute("axis") % rank
    # An axis of one element has no place of its own in memory, but that of the others.
    place = max(range(len(values)), key=lambda i: values[i].onnx_shape[axis])
    outer = _elements_outside(values[place], axis, values)
    if outer is None:
        order = axes_orders(values)[0]
        values = [in_axes_order(build, value, order) for value in values]
        outer = _elements_outside(values[place], axis, values)
        assert outer is not None, "they have the same order now"
    leader, ordered = values[place], iter(values)
    parts = [next(ordered) if isinstance(part, Value) else part for part in parts]
    sizes = [(part.onnx_shape if isinstance(part, Value) else part.shape)[axis] for part in parts]
    inner = math.prod(leader.shape) // outer // leader.onnx_shape[axis]
    shapes = [
        _as_channels(part if isinstance(part, Value) else leader, outer, size * inner)
        for part, size in zip(parts, sizes, strict=True)
    ]
    if len({shape[:2] for shape in shapes}) > 1:
        shapes = [(outer, 1, size * inner) for size in sizes]
    height, width, _ = shapes[0]
    position = _position(leader, outer)
    assert position is not None, "only such places are taken"
    source = build.reshaped(leader, (height, width, leader.onnx_shape[axis] * inner))
    tensors = []
    for part, size, shape in zip(parts, sizes, shapes, strict=True):
        if isinstance(part, Value):
            tensors.append(build.reshaped(part, shape).tensor)
        else:
            layout = with_axis(leader.layout, axis, position, size)
            elements = layout.to_memory(part).reshape(shape)
            tensors.append(append_constant(node, build, source, elements))
    shape = (height, width, sum(sizes) * inner)
    tensor = build.add(Concat, node, tuple(tensors), shape)
    return Value(
        tensor=tensor,
        shape=shape,
        layout=with_axis(leader.layout, axis, position, sum(sizes)),
        elem_type=leader.elem_type,
        quantization=leader.quantization,
    )


def _part(node: OnnxNode, index: int) -> Value | np.ndarray:
    return node.weights(index) if node.is_constant(index) else node.value(index)


def _as_channels(value: Value, outer: int, channels: int) -> tuple[int, int, int]:
    """A shape of `outer` pixels of so many channels, as many rows as the value's if possible."""
    height, width, _ = value.shape
    return (height, width, channels) if height * width == outer else (outer, 1, channels)


def _elements_outside(leader: Value, axis: int, values: Sequence[Value]) -> int | None:
    """Elements outside of an axis in memory, of all values alike; None if their orders differ."""
    shape = leader.onnx_shape
    run = axis_run(leader.layout, axis) if shape[axis] > 1 else None
    if shape[axis] > 1 and run is None:
        return None
    # An axis that is new: channels (axis 1) are innermost, other axes in ONNX's order, if there
    # is a place for them; one within all others there is always.
    free = [math.prod(shape[2:] if axis == 1 else shape[2:axis]), math.prod(shape)]
    places = [run.outer] if run else [n for n in free if _position(leader, n) is not None]
    for outer in places:
        first, *others = (_order_of_others(value, axis, outer) for value in values)
        if first is not None and all(o is not None and np.array_equal(first, o) for o in others):
            return outer
    return None


def _position(value: Value, outer: int) -> int | None:
    """First factor of an axis, or of what comes to lie within it; None if it cuts a factor."""
    products = np.cumprod([1, *value.layout.factors]).tolist()
    return products.index(outer) if outer in products else None


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
