"""Operands of different shapes brought to one shape, by ONNX's rules of broadcasting."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np

from ..ir import Resize
from .builder import Builder, layout_problem
from .moving import axes_orders, in_axes_order
from .node import OnnxNode
from .problems import NodeError
from .value import Value


def same_shape(node: OnnxNode, build: Builder, a: Value, b: Value) -> tuple[Value, Value]:
    """Both values with the same ONNX shape and the same order in memory, as tensors of one shape.

    The smaller one is repeated, as far as repetition of whole pixels, or of each element for all
    channels, gives it the shape of the other.

    Raises
    ------
    NodeError, FollowOnError
        If the shapes do not fit, or an order in memory does not.
    """
    if a.is_integer or b.is_integer:
        raise NodeError("it computes in integers; put a Cast to float before it")
    try:
        shape = np.broadcast_shapes(a.onnx_shape, b.onnx_shape)
    except ValueError:
        shape = ()
    if shape == a.onnx_shape:
        a, b = _like(node, build, a, b)
    elif shape == b.onnx_shape:
        b, a = _like(node, build, b, a)
    else:
        raise NodeError(
            f"it joins tensors of shapes {a.onnx_shape} and {b.onnx_shape}; one of them has to "
            "have the shape of the result: export it with the smaller one expanded"
        )
    return a, b


def _like(node: OnnxNode, build: Builder, big: Value, small: Value) -> tuple[Value, Value]:
    """`big`, and `small` repeated to the same shape and order; moved if their orders differ."""
    repeated = _repeated(node, build, small, big)
    if repeated is not None:
        return big, repeated
    rank = len(big.onnx_shape)
    layout = small.layout.reshape([1] * (rank - len(small.onnx_shape)) + [*small.onnx_shape])
    assert layout is not None, "axes of size 1 come without moving data"
    order = axes_orders([big, replace(small, layout=layout)])[0]
    big = in_axes_order(build, big, order)
    moved = in_axes_order(build, replace(small, layout=layout), order)
    repeated = _repeated(node, build, moved, big)
    if repeated is None:
        raise layout_problem(max(small, big, key=lambda v: len(v.views)), "the other input")
    return big, repeated


def _repeated(node: OnnxNode, build: Builder, small: Value, big: Value) -> Value | None:
    """`small` repeated to the shape and order of `big`; None if that takes more than repeating."""
    count = math.prod(small.shape)
    # The place in memory of every ONNX element of the small value, seen from those of the big one.
    places = np.argsort(small.layout.to_memory(np.arange(count))).reshape(small.onnx_shape)
    index = big.layout.to_memory(np.broadcast_to(places, big.onnx_shape)).reshape(big.shape)
    rows, cols, channels = ({1, size} for size in big.shape)
    for shape in product(rows, cols, channels):
        grid = np.arange(count).reshape(shape) if math.prod(shape) == count else None
        if grid is not None and (np.broadcast_to(grid, big.shape) == index).all():
            return _repeat(node, build, build.reshaped(small, shape), big)
    return None


def _repeat(node: OnnxNode, build: Builder, value: Value, big: Value) -> Value:
    """`value`, of shape (H or 1, W or 1, C or 1), repeated to (H, W, C)."""
    height, width, channels = value.shape
    if channels < big.shape[2]:
        # As channels are innermost in memory, this repeats every pixel in its row, and reshapes.
        factor = big.shape[2]
        value = _resize(node, build, value, (1, factor))
        value = build.reshaped(value, (height, width, factor))
    factor_y, factor_x = big.shape[0] // height, big.shape[1] // width
    if (factor_y, factor_x) != (1, 1):
        value = _resize(node, build, value, (factor_y, factor_x))
    return replace(value, layout=big.layout)


def _resize(node: OnnxNode, build: Builder, value: Value, factor: tuple[int, int]) -> Value:
    height, width, channels = value.shape
    shape = (height * factor[0], width * factor[1], channels)
    tensor = build.append(
        Resize,
        (value.tensor,),
        shape,
        name=f"{node.name}_broadcast",
        output=f"{value.tensor}_repeated",
        factor=factor,
    )
    return replace(value, tensor=tensor, shape=shape)
