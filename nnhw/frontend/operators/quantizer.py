"""QuantizeLinear and DequantizeLinear of activations; those of constants are computed before."""

from __future__ import annotations

from dataclasses import replace

from onnx import TensorProto

from ...ir import Clip, DynamicQuantize, FakeQuantize
from ..boundary import type_name
from ..builder import Builder
from ..integer_types import activation_quantization, as_signed, narrowed, quantization_text
from ..node import OnnxNode
from ..problems import FollowOnError, NodeError
from ..value import Value
from .registry import operator

_HANDLED = (
    "axis",  # counts where there is more than one scale, which is refused
    "output_dtype",
    "precision",  # of the quotient; all are float32 or wider
    "saturate",  # concerns floating-point results, which are refused
)


@operator(
    "QuantizeLinear",
    since=10,
    attributes=_HANDLED,
    remark="activations per tensor, to 8 bits or fewer; weights per tensor or per output channel",
)
def quantize_linear(node: OnnxNode, build: Builder) -> Value:
    """QuantizeLinear-25 and its older definitions.

    The graph's tensor goes on holding real values, which are rounded here.
    """
    if node.is_constant(0):
        raise NodeError(
            "it quantizes a constant that holds NaN, or by scales that are not one for the tensor "
            "or one for each index of one axis; quantize weights per output channel"
        )
    value = node.value()
    if value.is_integer:
        raise NodeError("it quantizes integers; put a Cast to float before it")
    zero_point = node.constant(2) if node.has_input(2) else None
    dtype = type_name(node.attribute("output_dtype") or TensorProto.UINT8)
    if zero_point is not None:
        dtype = zero_point.dtype.name
    quantization = activation_quantization(node.constant(1), zero_point, dtype)
    writer = next((n for n in build.nodes if n.output == value.tensor), None)
    narrow = quantization
    if isinstance(writer, Clip):
        # Widths that ONNX has no type for arrive as a clamp before the next wider type.
        bounds = (quantization.nearest(bound) for bound in (writer.clamp.lo, writer.clamp.hi))
        narrow = narrowed(quantization, *bounds)
    rounded = build.pixelwise(FakeQuantize, node, value, quantization=as_signed(narrow))
    elem_type = TensorProto.DataType.Value(quantization.dtype.upper())
    return replace(rounded, elem_type=elem_type, quantization=quantization)


@operator(
    "DynamicQuantizeLinear",
    since=11,
    all_outputs=True,
    remark="activations get ranges by calibration; before DequantizeLinear, ConvInteger or "
    "MatMulInteger, whose weights keep their numbers",
)
def dynamic_quantize_linear(node: OnnxNode, build: Builder) -> tuple[Value, ...]:
    """DynamicQuantizeLinear-11; scale and zero point go with the integers."""
    value = node.value()
    if value.is_integer:
        raise NodeError("it quantizes integers; put a Cast to float before it")
    rounded = build.pixelwise(DynamicQuantize, node, value)
    return (replace(rounded, elem_type=TensorProto.UINT8, is_dynamic=True),)


@operator(
    "DequantizeLinear",
    since=10,
    attributes=("axis", "output_dtype"),
    remark="of what QuantizeLinear made by the same scale and zero point, or of constants",
)
def dequantize_linear(node: OnnxNode, build: Builder) -> Value:
    """DequantizeLinear-25 and its older definitions."""
    if node.is_constant(0):
        node.constant(1)  # or another cause is reported
        raise NodeError(
            "it dequantizes a constant that is not integer, or by scales that are not one for the "
            "tensor or one for each index of one axis; quantize weights per output channel"
        )
    value = node.value()
    if value.is_dynamic:
        return replace(value, elem_type=TensorProto.FLOAT, is_dynamic=False)
    if value.quantization is None and value.assumed:
        raise FollowOnError
    if value.quantization is None:
        raise NodeError(
            "its input does not come from QuantizeLinear: the network takes integers; export it "
            "with a float input and QuantizeLinear"
        )
    zero_point = node.constant(2) if node.has_input(2) else None
    quantization = activation_quantization(node.constant(1), zero_point, value.quantization.dtype)
    if quantization != value.quantization:
        raise NodeError(
            f"its parameters ({quantization_text(quantization)}) are not those of QuantizeLinear "
            f"before it ({quantization_text(value.quantization)}); use the same"
        )
    return replace(value, elem_type=TensorProto.FLOAT, quantization=None)
