"""The parts that every operator of a QDQ model is made of: constants, nodes, quantized tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from .. import __version__
from ..errors import ExportError
from ..ir import Graph, Port

_OPSET = 21  # the first with 4-bit integers
_IR_VERSION = 10  # the one that came with opset 21


class QdqBuilder:
    """Builds the ONNX model of an integer graph node by node.

    Within the model a tensor is (N, C, H, W), or (N, K) if it is marked flat when it is written.

    Parameters
    ----------
    graph
        Integer graph whose tensors the model is about.

    Raises
    ------
    ExportError
        If a port has the name of a quantized tensor.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._flat: set[str] = set()
        self._parameters: dict[str, list[str]] = {}
        self._real: dict[str, str] = {}
        ports = [port.onnx_name for port in (*graph.inputs, *graph.outputs)]
        quantized = [quantized_name(name) for name in graph.tensors]
        self._names = set(ports + quantized)
        if len(self._names) < len(ports) + len(quantized):
            raise ExportError(
                f"Inputs and outputs {ports} must differ from each other and from the names of "
                f"quantized tensors, such as '{quantized[0]}': rename them in the model"
            )

    def constant(self, name: str, values: np.ndarray) -> str:
        """Add an initializer of the array's type; returns its name, derived from `name`."""
        name = self._fresh(name)
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def int4_constant(self, name: str, values: np.ndarray) -> str:
        """Add an initializer of 4-bit integers, -8 to 7; returns its name."""
        name = self._fresh(name)
        self._constants.append(
            helper.make_tensor(name, TensorProto.INT4, values.shape, values.ravel())
        )
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node; returns its output's name, derived from `output`."""
        return self._node(operator, inputs, self._fresh(output), attributes)

    def quantize(self, tensor: str, value: str, lo: int, hi: int, *, flat: bool = False) -> None:
        """Write a graph's tensor: real `value`, clamped to q from `lo` to `hi`, quantized.

        The bounds of the integer type need no clamp, as QuantizeLinear saturates. A clamp of real
        values is exact: its bounds quantize to `lo` and `hi`.
        """
        q = self.graph.tensors[tensor].q
        type_lo, type_hi = (-128, 127) if q.signed else (0, 255)
        if lo > type_lo or hi < type_hi:
            if lo == q.zero_point and hi == type_hi:
                value = self.node("Relu", [value], f"{tensor}_clamped")
            else:
                bounds = [
                    self.constant(f"{tensor}_{end}", np.array(q.scale * steps, np.float32))
                    for end, steps in (("lo", lo - q.zero_point), ("hi", hi - q.zero_point))
                ]
                value = self.node("Clip", [value, *bounds], f"{tensor}_clamped")
        scale = self.constant(f"{tensor}_scale", np.array(q.scale, np.float32))
        zero_point = np.array(q.zero_point, np.int8 if q.signed else np.uint8)
        self._parameters[tensor] = [scale, self.constant(f"{tensor}_zero_point", zero_point)]
        inputs = [value, *self._parameters[tensor]]
        self._node("QuantizeLinear", inputs, quantized_name(tensor), {})
        if flat:
            self._flat.add(tensor)

    def real(self, tensor: str) -> str:
        """Dequantized values of a tensor that has been written, in the shape it has."""
        if tensor not in self._real:
            inputs = [quantized_name(tensor), *self._parameters[tensor]]
            self._real[tensor] = self.node("DequantizeLinear", inputs, f"{tensor}_dequantized")
        return self._real[tensor]

    def image(self, tensor: str) -> str:
        """Dequantized values of a tensor as (N, C, H, W)."""
        if tensor not in self._flat:
            return self.real(tensor)
        return self.reshape(self.real(tensor), self.image_shape(tensor), f"{tensor}_image")

    def vector(self, tensor: str) -> str:
        """Dequantized values of a tensor as (N, C * H * W)."""
        if tensor in self._flat:
            return self.real(tensor)
        return self.node("Flatten", [self.real(tensor)], f"{tensor}_flat", axis=1)

    def reshape(self, value: str, shape: tuple[int, ...], output: str) -> str:
        """Add a Reshape to a batch of `shape`; returns its output's name."""
        target = self.constant(f"{output}_shape", np.array([-1, *shape], np.int64))
        return self.node("Reshape", [value, target], output)

    def image_shape(self, tensor: str) -> tuple[int, int, int]:
        """(C, H, W) of a graph's tensor."""
        height, width, channels = self.graph.tensors[tensor].shape
        return channels, height, width

    def read_port(self, port: Port) -> None:
        """Write the tensor of an input."""
        q, value = self.graph.tensors[port.tensor].q, port.onnx_name
        shape = self.image_shape(port.tensor)
        flat = port.onnx_shape == shape[:1] and shape[1:] == (1, 1)
        if not flat:
            ordered = tuple(shape["CHW".index(axis)] for axis in port.layout)
            if port.onnx_shape != ordered:
                value = self.reshape(value, ordered, f"{port.tensor}_shaped")
            if port.layout != "CHW":
                perm = [0, *(1 + port.layout.index(axis) for axis in "CHW")]
                value = self.node("Transpose", [value], f"{port.tensor}_image", perm=perm)
        for step in port.host_preprocess:
            operand = step.operand
            if operand.ndim == 3:
                operand = operand.transpose(2, 0, 1)
            elif not flat and len(operand) > 1:
                operand = operand.reshape(-1, 1, 1)
            constant = self.constant(f"{port.tensor}_{step.operator.lower()}_operand", operand)
            value = self.node(step.operator, [value, constant], f"{port.tensor}_{step.operator}")
        self.quantize(port.tensor, value, q.lo, q.hi, flat=flat)

    def write_port(self, port: Port) -> None:
        """Write an output."""
        shape = self.image_shape(port.tensor)
        if port.layout == "CHW" and port.onnx_shape == (
            shape[:1] if port.tensor in self._flat else shape
        ):
            inputs = [quantized_name(port.tensor), *self._parameters[port.tensor]]
            self._node("DequantizeLinear", inputs, port.onnx_name, {})
            return
        value = self.image(port.tensor)
        if port.layout != "CHW":
            perm = [0, *(1 + "CHW".index(axis) for axis in port.layout)]
            value = self.node("Transpose", [value], f"{port.tensor}_ordered", perm=perm)
        target = np.array([-1, *port.onnx_shape], np.int64)
        inputs = [value, self.constant(f"{port.onnx_name}_shape", target)]
        self._node("Reshape", inputs, port.onnx_name, {})

    def model(self) -> ModelProto:
        """The model of all that has been added."""
        graph = helper.make_graph(
            self._nodes,
            self.graph.name,
            [_value_info(port) for port in self.graph.inputs],
            [_value_info(port) for port in self.graph.outputs],
            self._constants,
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="nnhw",
            producer_version=__version__,
        )

    def _node(
        self, operator: str, inputs: list[str], output: str, attributes: dict[str, Any]
    ) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def _fresh(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._names:
            candidate, count = f"{name}_{count}", count + 1
        self._names.add(candidate)
        return candidate


def quantized_name(tensor: str) -> str:
    """Name of a graph's tensor in the model, as integers."""
    return f"{tensor}_quantized"


def _value_info(port: Port) -> ValueInfoProto:
    return helper.make_tensor_value_info(port.onnx_name, TensorProto.FLOAT, ["N", *port.onnx_shape])
