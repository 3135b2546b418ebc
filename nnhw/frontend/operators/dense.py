"""Matrix products with a constant: fully connected layers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...ir import Conv, Window
from ..builder import Builder
from ..layout import Layout
from ..moving import moved
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from ..weight_steps import WeightSteps, weight_steps
from .registry import operator


@operator(
    "Gemm",
    attributes=("alpha", "beta", "transA", "transB"),
    remark="inputs B and C are constants",
)
def gemm(node: OnnxNode, build: Builder) -> Value:
    """Gemm-13 and its older definitions: alpha * A' @ B' + beta * C."""
    value = node.value()
    if len(value.onnx_shape) != 2:
        raise NodeError(
            f"its input A has shape {value.onnx_shape}, but Gemm takes a matrix; use MatMul and "
            "Add, or Flatten before it"
        )
    if node.attribute("transA"):
        value = replace(value, layout=value.layout.transpose((1, 0)))
    weight = node.weights(1)
    if weight.ndim != 2:
        raise NodeError(
            f"its input B has shape {weight.shape}, but Gemm takes a matrix; use MatMul and Add"
        )
    alpha, steps = node.attribute("alpha"), node.steps(1)
    # (out, in)
    weight = alpha * (weight if node.attribute("transB") else weight.T)
    if steps is not None:
        steps = (steps if node.attribute("transB") else steps.T).copy()
        steps["size"] *= abs(alpha)
    bias = np.zeros(len(weight))
    if node.has_input(2):
        constant = node.attribute("beta") * node.weights(2)
        try:
            bias = np.broadcast_to(constant, (1, len(weight)))[0].copy()
        except ValueError:
            raise NodeError(
                f"its input C has shape {constant.shape}; one value, or one for each of the "
                f"{len(weight)} outputs is supported; add it by Add behind it"
            ) from None
    quantized = weight_steps(node, weight, steps)
    return _dense(node, build, value, axis=1, weight=weight, bias=bias, quantized=quantized)


@operator("MatMul", remark="one of the inputs is a constant matrix")
def matmul(node: OnnxNode, build: Builder) -> Value:
    """MatMul-13 and its older definitions, with NumPy's rules for matrices and vectors."""
    left = node.is_constant(0)
    value = node.value(1 if left else 0)
    constant = node.weights(0 if left else 1)
    if math.prod(constant.shape[:-2]) != 1:
        raise NodeError(
            f"its constant is a stack of matrices, of shape {constant.shape}; use one matrix"
        )
    # (out, in); a vector has one output.
    weight, steps = (
        None if array is None else _rows_of_outputs(array, left=left)
        for array in (constant, node.steps(0 if left else 1))
    )
    assert weight is not None, "only steps may be missing"
    rank = len(value.onnx_shape)
    axis = rank - 2 if left and rank > 1 else rank - 1
    quantized, bias = weight_steps(node, weight, steps), np.zeros(len(weight))
    result = _dense(node, build, value, axis=axis, weight=weight, bias=bias, quantized=quantized)
    shape = list(result.onnx_shape)
    if constant.ndim == 1:
        del shape[axis]
    layout = result.layout.reshape([1] * (constant.ndim - rank) + shape)
    assert layout is not None, "axes of size 1 come and go without moving data"
    return replace(result, layout=layout)


def _rows_of_outputs(constant: np.ndarray, *, left: bool) -> np.ndarray:
    """A factor of MatMul as (out, in)."""
    matrix = constant.reshape(constant.shape[-2:])
    return np.atleast_2d(matrix if left else matrix.T)


def contracted(
    node: OnnxNode, build: Builder, value: Value, *, axis: int, weight: np.ndarray
) -> Value:
    """One ONNX axis of `value` times a float matrix (out, in), which is a convolution."""
    bias, quantized = np.zeros(len(weight)), weight_steps(node, weight, None)
    return _dense(node, build, value, axis=axis, weight=weight, bias=bias, quantized=quantized)


def _dense(
    node: OnnxNode,
    build: Builder,
    value: Value,
    *,
    axis: int,
    weight: np.ndarray,
    bias: np.ndarray,
    quantized: WeightSteps,
) -> Value:
    """Contract one ONNX axis of `value` with the weights (out, in).

    The weights take the order in which the axis runs over memory, so that flattening an image
    before a fully connected layer costs nothing: without other axes the product is a convolution
    whose kernel covers the whole tensor; with other axes it is one of a 1 x 1 kernel, before
    which the elements move where the axis is not innermost.
    """
    layout = value.layout
    size = value.onnx_shape[axis]
    if weight.shape[1] != size:
        raise NodeError(
            f"a matrix of {weight.shape[1]} inputs does not fit axis {axis} of its input of shape "
            f"{value.onnx_shape}; export the model again"
        )
    contracted = sorted(layout.axes[axis])
    others = [i for i in range(len(layout.factors)) if i not in contracted]
    if contracted and others and others[-1] > contracted[0]:
        value = moved(build, value, [*others, *contracted])
        return _dense(node, build, value, axis=axis, weight=weight, bias=bias, quantized=quantized)
    weight = _memory_order(weight, layout, axis)
    if not others:
        window = Window(kernel=value.shape[:2])
        shape = (1, 1, len(weight))
    else:
        if value.shape[2] != size:
            value = build.reshaped(value, (1, math.prod(value.shape) // size, size))
        window = Window()
        shape = (*value.shape[:2], len(weight))
    output = build.add(
        Conv,
        node,
        (value.tensor,),
        shape,
        window=window,
        weight=weight.reshape(len(weight), *window.kernel, value.shape[2]),
        bias=bias,
        **quantized,
    )
    factors = [layout.factors[i] for i in others]
    axes = [
        [len(others)] if i == axis else [others.index(j) for j in run]
        for i, run in enumerate(layout.axes)
    ]
    return replace(
        value,
        tensor=output,
        shape=shape,
        layout=Layout.of_memory([*factors, len(weight)], axes),
        views=(),
    )


def _memory_order(weight: np.ndarray, layout: Layout, axis: int) -> np.ndarray:
    """Columns of (out, in) from ONNX order to the order of memory."""
    run = layout.axes[axis]
    sizes = [layout.factors[i] for i in run]
    columns = weight.reshape(len(weight), *sizes)
    return columns.transpose(0, *(1 + i for i in np.argsort(run))).reshape(len(weight), -1)
