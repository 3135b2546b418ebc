"""Arithmetic of tensors and constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...ir import (
    Add,
    ChannelAffine,
    FakeQuantize,
    Function,
    MaxPool,
    Move,
    Multiply,
    Node,
    Quantization,
)
from ..broadcast import same_shape
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .functions import apply_function
from .registry import operator


@operator("Add", remark="of tensors, one of which may be broadcast, or of a tensor and a constant")
def add(node: OnnxNode, build: Builder) -> Value:
    """Add-14 and its older definitions down to Add-7."""
    if _has_constant(node):
        return _with_constant(node, build, lambda c, _: (np.ones(()), c, [("Add", c)]))
    return _join(Add, node, build, node.value(0), node.value(1))


@operator("Sum", remark="of any number of tensors and constants, as Add")
def sum_(node: OnnxNode, build: Builder) -> Value:
    """Sum-13 and its older definition."""
    return _total(node, build)


@operator("Mean", remark="as Sum")
def mean(node: OnnxNode, build: Builder) -> Value:
    """Mean-13 and its older definition."""
    share = np.array(1 / node.input_count)
    return build.affine(node, _total(node, build), share, np.zeros(()))


@operator(
    "Where",
    remark="of a constant condition, and tensors or constants: products with 0 and 1, and Add",
)
def where(node: OnnxNode, build: Builder) -> Value:
    """Where-16 and its older definition, by a condition that is known."""
    condition = node.constant(0).astype(bool)
    masks = condition.astype(np.float64), (~condition).astype(np.float64)
    computed = [i for i in (0, 1) if not node.is_constant(i + 1)]
    offset = np.zeros(())
    for i in (0, 1):
        if i not in computed:
            offset = np.where(masks[i] > 0, node.bounds(i + 1), 0.0)
    first, *others = (
        build.affine(node, node.value(i + 1), masks[i], np.zeros(()) if others else offset)
        for i, others in [(i, len(computed) > 1) for i in computed]
    )
    return _join(Add, node, build, first, others[0]) if others else first


def _total(node: OnnxNode, build: Builder) -> Value:
    """The sum of all operands."""
    values = [node.value(i) for i in range(node.input_count) if not node.is_constant(i)]
    total = values[0]
    for value in values[1:]:
        total = _join(Add, node, build, total, value)
    for i in range(node.input_count):
        if node.is_constant(i):
            constant = node.weights(i)
            # Of more operands the order counts, in which ONNX adds them up.
            steps = [("Add", constant)] if node.input_count == 2 else []
            total = build.affine(node, total, np.ones(()), constant, steps)
    return total


@operator("Sub", remark="as Add")
def sub(node: OnnxNode, build: Builder) -> Value:
    """Sub-14 and its older definitions down to Sub-7."""
    if _has_constant(node):
        return _with_constant(node, build, _difference)
    # Broadcast first: the change of sign belongs to the addition.
    a, b = same_shape(node, build, node.value(0), node.value(1))
    channels = b.shape[2]
    tensor = build.append(
        ChannelAffine,
        (b.tensor,),
        b.shape,
        name=f"{node.name}_negated",
        output=f"{b.tensor}_negated",
        scale=-np.ones(channels),
        offset=np.zeros(channels),
    )
    if (rounding := _rounding(build, b.tensor)) is not None:
        # The negative numbers are as exact: -(q - z) is ~q - ~z.
        tensor = build.append(
            FakeQuantize,
            (tensor,),
            b.shape,
            name=f"{node.name}_negated_rounding",
            output=f"{tensor}_rounded",
            quantization=replace(rounding, zero_point=~rounding.zero_point),
        )
    return _join(Add, node, build, a, replace(b, tensor=tensor))


def _rounding(build: Builder, tensor: str) -> Quantization | None:
    """How a tensor is rounded, perhaps before its elements were moved; None if it is not."""
    writers = {writer.output: writer for writer in build.nodes}
    writer = writers.get(tensor)
    while isinstance(writer, Move | MaxPool):
        writer = writers.get(writer.inputs[0])
    return writer.quantization if isinstance(writer, FakeQuantize) else None


@operator("Neg", remark="folded into a neighbouring convolution where possible")
def neg(node: OnnxNode, build: Builder) -> Value:
    """Neg-13 and its older definition."""
    minus = -np.ones(())
    return build.affine(node, node.value(), minus, np.zeros(()), [("Mul", minus)])


@operator("Mul", remark="as Add")
def mul(node: OnnxNode, build: Builder) -> Value:
    """Mul-14 and its older definitions down to Mul-7."""
    if _has_constant(node):
        return _with_constant(node, build, lambda c, _: (c, np.zeros(()), [("Mul", c)]))
    a, b = node.value(0), node.value(1)
    if a == b:
        return apply_function(node, build, "pow", 2.0)
    return _join(Multiply, node, build, a, b)


@operator(
    "Div",
    remark="as Mul; a computed divisor becomes a table of its reciprocal",
)
def div(node: OnnxNode, build: Builder) -> Value:
    """Div-14 and its older definitions down to Div-7."""
    if node.is_constant(1):
        with np.errstate(divide="ignore"):  # the builder refuses infinity by name
            return _with_constant(node, build, lambda c, _: (1 / c, np.zeros(()), [("Div", c)]))
    divisor = node.value(1)
    if divisor.is_integer:
        raise NodeError("it computes in integers; put a Cast to float before it")
    tensor = build.append(
        Function,
        (divisor.tensor,),
        divisor.shape,
        name=f"{node.name}_reciprocal",
        output=f"{divisor.tensor}_reciprocal",
        function="reciprocal",
    )
    inverse = replace(divisor, tensor=tensor)
    if node.is_constant(0):
        return build.affine(node, inverse, node.weights(0), np.zeros(()))
    return _join(Multiply, node, build, node.value(0), inverse)


Steps = list[tuple[str, np.ndarray]]

Line = Callable[[np.ndarray, bool], tuple[np.ndarray, np.ndarray, Steps]]
"""Scale, offset and steps (see `Builder.affine`) for a constant.

Told whether the constant is the left operand.
"""


def _difference(constant: np.ndarray, left: bool) -> tuple[np.ndarray, np.ndarray, Steps]:
    """The `Line` of a subtraction."""
    one = np.ones(())
    if left:  # c - x is -(x - c), however it is rounded
        return -one, constant, [("Sub", constant), ("Mul", -one)]
    return one, -constant, [("Sub", constant)]


def _has_constant(node: OnnxNode) -> bool:
    return node.is_constant(0) or node.is_constant(1)


def _with_constant(node: OnnxNode, build: Builder, line: Line) -> Value:
    left = node.is_constant(0)
    value = node.value(1 if left else 0)
    constant = node.weights(0 if left else 1)
    return build.affine(node, value, *line(constant, left))


def _join(kind: type[Node], node: OnnxNode, build: Builder, a: Value, b: Value) -> Value:
    """Append an operator of two tensors."""
    a, b = same_shape(node, build, a, b)
    output = build.add(kind, node, (a.tensor, b.tensor), a.shape)
    return replace(a, tensor=output, views=())
