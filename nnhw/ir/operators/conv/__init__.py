"""Convolution; also the matrix product, as a kernel that covers the whole input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....errors import ExportError
from ...graph import Graph
from ...integer import (
    Apply,
    Constant,
    IntegerOperator,
    Interval,
    Operand,
    QdqForm,
    Sums,
    from_zero,
    register_operator,
    window_attributes,
    window_name,
)
from ...integers import IntegerRangeError, as_integers
from .channels import CHANNELS
from .node import QConv
from .stored_weights import stored_weights

__all__ = ["QConv"]


def _interval(node: QConv, graph: Graph, sources: Sequence[Interval]) -> Interval:
    (x,) = from_zero(node, graph, sources)
    if any(node.window.pads):
        x = x.reaching(0)
    outputs, inputs = len(node.weight), node.weight.shape[3]
    group = np.arange(outputs) * node.groups // outputs
    channel = group[:, None] * inputs + np.arange(inputs)
    # (out, taps, in) by the operand's ends (out, 1, in)
    weight = node.weight.reshape(outputs, -1, inputs).astype(np.int64)
    ends = [weight * end[channel][:, None, :] for end in (x.lo, x.hi)]
    acc = Interval(
        np.minimum(*ends).sum(axis=(1, 2)) + node.bias,
        np.maximum(*ends).sum(axis=(1, 2)) + node.bias,
    )
    constants = node.requantize
    return (acc * constants.multiplier).requantize(
        constants, graph.tensors[node.output].q.zero_point
    )


def _sums(node: QConv) -> Sums:
    return Sums(
        weight=node.weight.reshape(len(node.weight), -1).astype(np.int64),
        bias=node.bias,
        is_padded=any(node.window.pads),
    )


def _is_dense(node: QConv, graph: Graph) -> bool:
    """Whether it is a matrix product."""
    size = graph.tensors[node.inputs[0]].shape[:2]
    return node.groups == 1 and node.window.kernel == size and not any(node.window.pads)


def _describe(node: QConv, graph: Graph) -> str:
    if _is_dense(node, graph):
        return "dense"
    kind = "conv" if node.groups == 1 else "depthwise"
    return window_name(kind, node.window, graph.tensors[node.output].shape)


def _qdq(node: QConv, graph: Graph) -> QdqForm:
    """Gemm if it is a matrix product, else Conv; weights of up to 4 bits are INT4."""
    is_dense = _is_dense(node, graph)
    numbers, zero_point = stored_weights(node.weight, node.weight_zero_point)
    weight = numbers.transpose(0, 3, 1, 2)
    if is_dense:
        weight = weight.reshape(len(weight), -1)
    is_int4 = zero_point is None and node.weight_bits <= 4
    bias_scale = node.weight_scale * graph.tensors[node.inputs[0]].q.scale
    operands = (
        Operand(is_flat=is_dense),
        _dequantized(Constant("weight", weight, is_int4), node.weight_scale, zero_point),
        _dequantized(Constant("bias", _bias(node)), bias_scale),
    )
    if is_dense:
        value = Apply("Gemm", operands, attributes={"transB": 1})
    else:
        attributes = {"group": node.groups, **window_attributes(node.window)}
        value = Apply("Conv", operands, attributes=attributes)
    return QdqForm(value=value, bounds=node.requantize.bounds, is_flat=is_dense)


def _dequantized(
    constant: Constant, scale: np.ndarray, zero_point: np.ndarray | None = None
) -> Apply:
    """A constant's real values, with a scale and a zero point for each output channel."""
    operands = [constant, Constant(f"{constant.name}_scale", scale.astype(np.float32))]
    if zero_point is not None:
        operands.append(Constant(f"{constant.name}_zero_point", zero_point))
    name = f"{constant.name}_dequantized"
    return Apply("DequantizeLinear", tuple(operands), name, {"axis": 0})


def _bias(node: QConv) -> np.ndarray:
    """The bias as ONNX has it, of 32 bits.

    Raises
    ------
    ExportError
        If it is larger.
    """
    try:
        return as_integers(node.bias, np.int32)
    except IntegerRangeError as error:
        raise ExportError(
            f"Node '{node.name}': its bias would be {error}, of which model.qdq.onnx has none: "
            "give its weights a larger range"
        ) from error


register_operator(
    IntegerOperator(
        node=QConv,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=_interval,
        sums=_sums,
        channels=CHANNELS,
        describe=_describe,
        qdq=_qdq,
    )
)
