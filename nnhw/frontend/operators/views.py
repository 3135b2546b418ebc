"""Operators that only change how the same elements are seen.

None of them becomes hardware, unless what reads the result needs the elements in another order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..boundary import FLOAT_TYPES, type_name
from ..builder import Builder
from ..moving import with_shape
from ..node import OnnxNode
from ..problems import NodeError
from ..value import HostValue, Value
from .host import to_host
from .registry import operator


@operator("Identity", remark="removed")
def identity(node: OnnxNode, build: Builder) -> Value:
    """Identity-25 and its older definitions, for tensors."""
    return node.value()


@operator("Dropout", attributes=("ratio", "seed"), remark="inference only; removed")
def dropout(node: OnnxNode, build: Builder) -> Value:
    """Dropout-22 and its older definitions down to Dropout-7."""
    if node.has_input(2) and node.constant(2).any():
        raise NodeError("it drops elements at random (training_mode); export for inference")
    return node.value()


@operator(
    "Cast",
    # saturate and round_mode concern casts to types that only the host has.
    attributes=("to", "saturate", "round_mode"),
    remark="to a floating-point type: removed, values are not rounded; to others at the end of the "
    "network only, left to the host",
)
def cast(node: OnnxNode, build: Builder) -> Value | HostValue:
    """Cast-28 and its older definitions."""
    value, to = node.value(), node.attribute("to")
    if to not in FLOAT_TYPES and not value.is_integer and node.is_trailing:
        return to_host(node)
    if to not in FLOAT_TYPES and to != value.elem_type:
        raise NodeError(
            f"it converts {type_name(value.elem_type)} to {type_name(to)}; only a Cast to a "
            "floating-point type is supported within the network: remove it, or end the network "
            "before it"
        )
    return replace(value, elem_type=to)


@operator(
    "Transpose",
    attributes=("perm",),
    remark="absorbed, as far as the operators around it can read the other order; a change of the "
    "order of channels, or of pixels to channels, becomes a convolution, any other a layer that "
    "moves the elements",
)
def transpose(node: OnnxNode, build: Builder) -> Value:
    """Transpose-25 and its older definitions."""
    value = node.value()
    perm = node.attribute("perm") or range(len(value.onnx_shape))[::-1]
    return value.view(value.layout.transpose(perm), node.name)


@operator("Flatten", attributes=("axis",), remark="absorbed")
def flatten(node: OnnxNode, build: Builder) -> Value:
    """Flatten-25 and its older definitions."""
    value, axis = node.value(), node.attribute("axis")
    shape = value.onnx_shape
    axis += len(shape) if axis < 0 else 0
    return _reshape(node, build, value, (math.prod(shape[:axis]), math.prod(shape[axis:])))


@operator(
    "Reshape",
    attributes=("allowzero",),
    remark="absorbed, or a change of shape in memory; the new shape is a constant",
)
def reshape(node: OnnxNode, build: Builder) -> Value:
    """Reshape-25 and its older definitions down to Reshape-5."""
    value = node.value()
    old = value.onnx_shape
    target = [int(size) for size in node.constant(1).reshape(-1)]
    if not node.attribute("allowzero"):
        target = [old[i] if size == 0 and i < len(old) else size for i, size in enumerate(target)]
    if -1 in target:
        known = math.prod(size for size in target if size != -1)
        target[target.index(-1)] = math.prod(old) // known if known else 0
    return _reshape(node, build, value, target)


@operator("Squeeze", attributes=("axes",), remark="absorbed")
def squeeze(node: OnnxNode, build: Builder) -> Value:
    """Squeeze-25 and its older definitions, which have the axes in an attribute."""
    value = node.value()
    shape = value.onnx_shape
    axes = node.ints(1, "axes")
    if axes is None:
        removed = {axis for axis, size in enumerate(shape) if size == 1}
    else:
        removed = {axis % len(shape) for axis in axes}
    return _reshape(node, build, value, [n for axis, n in enumerate(shape) if axis not in removed])


@operator("Unsqueeze", attributes=("axes",), remark="absorbed")
def unsqueeze(node: OnnxNode, build: Builder) -> Value:
    """Unsqueeze-25 and its older definitions, which have the axes in an attribute."""
    value = node.value()
    axes = node.ints(1, "axes") or ()
    rank = len(value.onnx_shape) + len(axes)
    added = {axis % rank for axis in axes}
    sizes = iter(value.onnx_shape)
    return _reshape(
        node, build, value, [1 if axis in added else next(sizes) for axis in range(rank)]
    )


def _reshape(node: OnnxNode, build: Builder, value: Value, shape: Sequence[int]) -> Value:
    old = value.onnx_shape
    if math.prod(shape) != math.prod(old) or min(shape, default=1) < 1:
        raise NodeError(
            f"it turns shape {old} into {tuple(shape)}, of another number of elements; "
            "if the model holds a batch size other than 1, export it with batch size 1"
        )
    value = with_shape(build, value, shape)
    return value.view(value.layout, node.name)
