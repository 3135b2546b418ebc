"""Addition of tensors, and arithmetic with constants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...ir import Add
from ..builder import Builder, layout_problem
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .registry import operator


@operator("Add", remark="two tensors of one shape, or a tensor and a constant")
def add(node: OnnxNode, build: Builder) -> Value:
    """Add-14 and its older definitions down to Add-7."""
    if node.is_constant(0) or node.is_constant(1):
        return _with_constant(node, build, lambda c, _: (np.ones(()), c))
    a, b = node.value(0), node.value(1)
    if a.is_integer:
        raise NodeError("it adds integers; put a Cast to float before it")
    if a.onnx_shape != b.onnx_shape:
        raise NodeError(
            f"it adds tensors of shapes {a.onnx_shape} and {b.onnx_shape}; "
            "both have to be of the same shape"
        )
    if not a.layout.same_order(b.layout):
        raise layout_problem(max(a, b, key=lambda value: len(value.views)), "the other input")
    b = build.reshaped(b, a.shape)
    output = build.add(Add, node, (a.tensor, b.tensor), a.shape)
    return Value(tensor=output, shape=a.shape, layout=a.layout, elem_type=a.elem_type)


@operator("Sub", remark="a tensor and a constant, either way round")
def sub(node: OnnxNode, build: Builder) -> Value:
    """Sub-14 and its older definitions down to Sub-7."""
    return _with_constant(
        node, build, lambda c, left: (-np.ones(()), c) if left else (np.ones(()), -c)
    )


@operator("Mul", remark="a tensor and a constant")
def mul(node: OnnxNode, build: Builder) -> Value:
    """Mul-14 and its older definitions down to Mul-7."""
    return _with_constant(node, build, lambda c, _: (c, np.zeros(())))


@operator("Div", remark="a tensor divided by a constant")
def div(node: OnnxNode, build: Builder) -> Value:
    """Div-14 and its older definitions down to Div-7."""
    if node.is_constant(0):
        raise NodeError("it divides by a computed tensor; only division by a constant is supported")
    with np.errstate(divide="ignore"):  # the builder refuses infinity by name
        return _with_constant(node, build, lambda c, _: (1 / c, np.zeros(())))


Line = Callable[[np.ndarray, bool], tuple[np.ndarray, np.ndarray]]
"""Scale and offset for a constant; told whether the constant is the left operand."""


def _with_constant(node: OnnxNode, build: Builder, line: Line) -> Value:
    left = node.is_constant(0)
    value = node.value(1 if left else 0)
    constant = node.weights(0 if left else 1)
    return build.affine(node, value, *line(constant, left))
