"""Tensors that are repeated along their axes."""

from __future__ import annotations

import numpy as np

from ..builder import Builder
from ..moving import with_shape
from ..node import OnnxNode
from ..problems import NodeError
from ..repetition import repeated
from ..value import Value
from .registry import operator


@operator(
    "Expand",
    since=8,
    remark="to a constant shape; a layer that repeats the elements, for each axis that grows",
)
def expand(node: OnnxNode, build: Builder) -> Value:
    """Expand-13 and its older definition."""
    value, wanted = node.value(), tuple(int(size) for size in node.constant(1).reshape(-1))
    old = value.onnx_shape
    try:
        shape = np.broadcast_shapes(old, wanted)
    except ValueError:
        raise NodeError(
            f"its input of shape {old} does not broadcast to {wanted}; export the model again"
        ) from None
    if not all(shape):
        raise NodeError(f"its result of shape {shape} has no elements; remove it")
    value = with_shape(build, value, (*[1] * (len(shape) - len(old)), *old))
    return _repeated(
        node, build, value, [n // o for n, o in zip(shape, value.onnx_shape, strict=True)]
    )


@operator("Tile", remark="as Expand, by constant numbers of repetitions")
def tile(node: OnnxNode, build: Builder) -> Value:
    """Tile-13 and its older definition."""
    value, repeats = node.value(), [int(count) for count in node.constant(1).reshape(-1)]
    if len(repeats) != len(value.onnx_shape):
        raise NodeError(
            f"its {len(repeats)} numbers of repetitions do not fit its input of shape "
            f"{value.onnx_shape}; export the model again"
        )
    if min(repeats, default=1) < 1:
        raise NodeError(f"it repeats {repeats} times, which leaves nothing; remove it")
    return _repeated(node, build, value, repeats)


def _repeated(node: OnnxNode, build: Builder, value: Value, counts: list[int]) -> Value:
    """The value repeated along each axis, the last one first so that less is moved early on."""
    for axis, count in reversed(list(enumerate(counts))):
        if count > 1:
            value = repeated(node, build, value, axis, count)
    return value
