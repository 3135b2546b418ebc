"""Operators on quantized tensors, as the QDQ form of the same: one way through for all models.

The QOperator format joins an operator and its quantization in one node, such as QLinearConv. Here
each becomes DequantizeLinear of its inputs, the operator, and QuantizeLinear of its result. The
operators are those of the standard operator set (QLinearConv-10, QLinearMatMul-10) and of
onnxruntime's extension "com.microsoft" (version 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
from onnx import helper

CONTRIB = "com.microsoft"


def expand_quantized_operators(model: onnx.ModelProto) -> None:
    """Replace the operators of the QOperator format, in place.

    Those with attributes that have no QDQ form (`channels_last`) stay.
    """
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        key = node.op_type, node.domain
        if key in _SAME:
            node.domain = ""
        expand = _EXPANSIONS.get(key)
        if expand is None or _attributes(node).get("channels_last"):
            nodes.append(node)
        else:
            nodes += expand(_Expansion(node))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


class _Expansion:
    """Makes the nodes that one node becomes; the operator itself keeps the node's name."""

    def __init__(self, node: onnx.NodeProto) -> None:
        self.node = node
        self.attributes = _attributes(node)
        self.attributes.pop("channels_last", None)
        self.output = node.output[0]
        self.nodes: list[onnx.NodeProto] = []

    def input(self, index: int) -> str:
        """Name of an input; "" if it is absent."""
        return self.node.input[index] if index < len(self.node.input) else ""

    def add(
        self, op_type: str, inputs: list[str], output: str, name: str, **attributes: Any
    ) -> str:
        """Add a node; returns its output."""
        while inputs and not inputs[-1]:
            inputs = inputs[:-1]
        self.nodes.append(helper.make_node(op_type, inputs, [output], name, **attributes))
        return output

    def dequantize(self, index: int, **attributes: Any) -> str:
        """Real values of input `index`, whose scale and zero point are the next two inputs."""
        inputs = [self.input(index + i) for i in range(3)]
        return self._dequantize(inputs, index, **attributes)

    def dequantize_bias(self, index: int, x_scale: str, w_scale: str, alpha: float = 1.0) -> str:
        """Real values of int32 input `index` in units of the product of the scales."""
        if not self.input(index):
            return ""
        scale = self.add("Mul", [x_scale, w_scale], f"{self.output}_bias_scale", "")
        if alpha != 1:
            constant = f"{self.output}_alpha"
            self.add("Constant", [], constant, "", value_float=alpha)
            scale = self.add("Mul", [scale, constant], f"{self.output}_alpha_scale", "")
        return self._dequantize([self.input(index), scale], index, axis=0)

    def operator(self, op_type: str, inputs: list[str], scale: int | None) -> list[onnx.NodeProto]:
        """Add the operator, and quantize its result by the inputs `scale` and the next one.

        Without such inputs the result is real. Returns all nodes.
        """
        if scale is None or not self.input(scale):
            self.add(op_type, inputs, self.output, self.node.name, **self.attributes)
            return self.nodes
        real = f"{self.output}_real"
        self.add(op_type, inputs, real, self.node.name, **self.attributes)
        parameters = [self.input(scale), self.input(scale + 1)]
        name = f"{self.node.name or self.output}_quantize"
        self.add("QuantizeLinear", [real, *parameters], self.output, name)
        return self.nodes

    def _dequantize(self, inputs: list[str], index: int, **attributes: Any) -> str:
        name = f"{self.node.name or self.output}_dequantize_{index}"
        output = f"{self.output}_operand_{index}"
        return self.add("DequantizeLinear", inputs, output, name, **attributes)


def _conv(make: _Expansion) -> list[onnx.NodeProto]:
    inputs = [
        make.dequantize(0),
        make.dequantize(3, axis=0),
        make.dequantize_bias(8, make.input(1), make.input(4)),
    ]
    return make.operator("Conv", inputs, 6)


def _mat_mul(make: _Expansion) -> list[onnx.NodeProto]:
    return make.operator("MatMul", [make.dequantize(0), make.dequantize(3, axis=-1)], 6)


def _gemm(make: _Expansion) -> list[onnx.NodeProto]:
    alpha = make.attributes.get("alpha", 1.0)
    inputs = [
        make.dequantize(0),
        make.dequantize(3, axis=0 if make.attributes.get("transB") else 1),
        make.dequantize_bias(6, make.input(1), make.input(4), alpha),
    ]
    return make.operator("Gemm", inputs, 7)


def _binary(op_type: str) -> Callable[[_Expansion], list[onnx.NodeProto]]:
    return lambda make: make.operator(op_type, [make.dequantize(0), make.dequantize(3)], 6)


def _unary(op_type: str) -> Callable[[_Expansion], list[onnx.NodeProto]]:
    return lambda make: make.operator(op_type, [make.dequantize(0)], 3)


def _softmax(make: _Expansion) -> list[onnx.NodeProto]:
    make.attributes.pop("opset", None)  # that of the standard operator, which the model has
    return make.operator("Softmax", [make.dequantize(0)], 3)


def _concat(make: _Expansion) -> list[onnx.NodeProto]:
    inputs = [make.dequantize(index) for index in range(2, len(make.node.input), 3)]
    return make.operator("Concat", inputs, 0)


_EXPANSIONS: dict[tuple[str, str], Callable[[_Expansion], list[onnx.NodeProto]]] = {
    ("QLinearConv", ""): _conv,
    ("QLinearConv", CONTRIB): _conv,
    ("QLinearMatMul", ""): _mat_mul,
    ("QGemm", CONTRIB): _gemm,
    ("QLinearAdd", CONTRIB): _binary("Add"),
    ("QLinearMul", CONTRIB): _binary("Mul"),
    ("QLinearAveragePool", CONTRIB): _unary("AveragePool"),
    ("QLinearGlobalAveragePool", CONTRIB): _unary("GlobalAveragePool"),
    ("QLinearLeakyRelu", CONTRIB): _unary("LeakyRelu"),
    ("QLinearSigmoid", CONTRIB): _unary("Sigmoid"),
    ("QLinearSoftmax", CONTRIB): _softmax,
    ("QLinearConcat", CONTRIB): _concat,
}
"""By operator and domain."""

_SAME = frozenset({("QuantizeLinear", CONTRIB), ("DequantizeLinear", CONTRIB)})
"""Operators of the extension that are those of the standard operator set, for more types."""
