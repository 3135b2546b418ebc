"""An ONNX graph in the making, by the tensors of a TFLite network.

A quantized tensor is its real values in ONNX (the QDQ form): QuantizeLinear and DequantizeLinear
follow the operator that computes it. Integers that are not quantized are sizes, axes and the like;
ONNX has them in 64 bits, so int32 becomes int64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ...budget import need_memory
from .network import Network, Operator, Quantization, Tensor

OPSET = 20
"""The first with Gelu."""

_IR_VERSION = 9
"""What belongs to it."""

PRODUCER = "TFLite"
"""What the models say that they are made by."""

DOMAIN = "tflite"
"""Of operators that have no counterpart: they are refused with all others."""

_KIND = "TFLite operator "
"""How the documentation of a node begins: with the operator that it stands for."""

_ELEM_TYPES = {
    "FLOAT32": TensorProto.FLOAT,
    "FLOAT16": TensorProto.FLOAT,  # of constants, which are made real
    "INT8": TensorProto.INT8,
    "UINT8": TensorProto.UINT8,
    "INT32": TensorProto.INT64,
    "INT64": TensorProto.INT64,
    "BOOL": TensorProto.BOOL,
}


def tflite_kind(node: onnx.NodeProto) -> str:
    """The TFLite operator that a node stands for; "" if it is of an ONNX file."""
    text = node.doc_string
    return text.removeprefix(_KIND) if text.startswith(_KIND) else ""


class Refusal(Exception):  # noqa: N818  (no error of its own: it becomes a line of one)
    """An operator cannot be translated: the text says why and what to do."""


class Writer:
    """Collects the nodes and constants of a graph.

    Parameters
    ----------
    network
        What is translated.
    """

    def __init__(self, network: Network):
        self.tensors = network.tensors
        self.nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._names = {tensor.name for tensor in network.tensors}
        self._real: dict[int, str] = {}
        self._parameters: dict[int, tuple[str, ...]] = {}
        self._operator: Operator | None = None
        self._fresh: dict[str, onnx.NodeProto] = {}
        self._constant_bytes = 0
        self._inputs: list[onnx.ValueInfoProto] = []
        self._annotations: list[onnx.TensorAnnotation] = []

    # What operators are translated with.

    def begin(self, operator: Operator) -> None:
        """Name what follows after an operator."""
        self._operator = operator
        self._fresh.clear()

    def tensor(self, index: int) -> Tensor:
        """A tensor that an operator reads.

        Raises
        ------
        Refusal
            If it cannot be built with.
        """
        tensor = self.tensors[index]
        if tensor.refusal:
            raise Refusal(f"its tensor '{tensor.name}' {tensor.refusal}")
        if tensor.quantization and tensor.dtype not in ("INT4", "INT8", "UINT8", "INT32"):
            raise Refusal(
                f"its tensor '{tensor.name}' is quantized to {tensor.dtype}; convert the "
                "model with 8-bit activations and weights"
            )
        return tensor

    def real(self, index: int, perm: Sequence[int] | None = None) -> str:
        """Name of a tensor's values, real where it is quantized; "" for one that is absent.

        Parameters
        ----------
        index
            The tensor.
        perm
            The order that its axes are to have.
        """
        if index < 0:
            return ""
        tensor = self.tensor(index)
        if tensor.data is None:
            name = self._real.get(index, tensor.name)
            return name if perm is None else self.node("Transpose", [name], perm=list(perm))
        if perm is not None:
            return self._constant_values(index, perm)
        if index not in self._real:
            self._real[index] = self._constant_values(index, None)
        return self._real[index]

    def node(
        self, op_type: str, inputs: Sequence[str], *, main: bool = False, **attributes: Any
    ) -> str:
        """Append a node of one result; the operator's own name is that of its main one."""
        return self.node_of_many(op_type, inputs, 1, main=main, **attributes)[0]

    def main(self, op_type: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Append the node that has the operator's own name."""
        return self.node(op_type, inputs, main=True, **attributes)

    def node_of_many(
        self,
        op_type: str,
        inputs: Sequence[str],
        count: int,
        *,
        main: bool = False,
        **attributes: Any,
    ) -> list[str]:
        """Append a node of several results."""
        assert self._operator is not None, "nodes belong to an operator"
        stem = self._operator.name
        outputs = [self._unique(f"{stem}/{op_type}") for _ in range(count)]
        name = stem if main else outputs[0]
        kind = f"{_KIND}{self._operator.kind}"
        node = helper.make_node(op_type, inputs, outputs, name, kind, **attributes)
        self.nodes.append(node)
        self._fresh.update(dict.fromkeys(outputs, node))
        return outputs

    def rounded(self, value: str, index: int) -> str:
        """A value rounded as the tensor of that index is."""
        name = self._unique(f"{value}_rounded")
        self._round(index, value, name)
        return name

    def constant(self, values: Any, dtype: type = np.int64) -> str:
        """Add a constant."""
        assert self._operator is not None, "constants belong to an operator"
        return self._add(self._unique(f"{self._operator.name}/constant"), np.asarray(values, dtype))

    def define(self, index: int, value: str, *, keeps_values: bool) -> None:
        """Make a value, which the nodes of this operator compute, the tensor of that index.

        Parameters
        ----------
        index
            The tensor.
        value
            Name of the value.
        keeps_values
            Whether its elements are elements of the operator's quantized inputs, of which none has
            to be rounded if the quantization is the same.
        """
        assert self._operator is not None, "tensors belong to an operator"
        tensor = self.tensor(index)
        if tensor.quantization is None or (keeps_values and self._has_inputs_quantization(tensor)):
            self._rename(value, tensor.name)
            return
        self._quantize(index, value, tensor.name)

    # The boundary.

    def declare_input(self, index: int) -> None:
        """Make a tensor an input of the model.

        Its batch has size 1, whatever the file says of a size that is open.

        Raises
        ------
        Refusal
            If it cannot be built with.
        """
        tensor = self.tensor(index)
        dims: list[int | str] = list(tensor.shape)
        for axis, size in enumerate(tensor.signature[: len(dims)]):
            if size < 0 and axis > 0:
                dims[axis] = f"{tensor.name}_{axis}"
        self._inputs.append(helper.make_tensor_value_info(tensor.name, self.elem_type(index), dims))
        if tensor.quantization is not None:
            self._quantize(index, tensor.name, self._unique(f"{tensor.name}_rounded"))
            self._annotate(tensor.name, *self._parameters[index])

    def model(self, outputs: Sequence[int]) -> onnx.ModelProto:
        """The model as a whole."""
        taken = {value.name for value in self._inputs}
        results = []
        for index in outputs:
            name = self.tensors[index].name
            self.begin(Operator(kind="", name=name, inputs=(), outputs=(index,), options={}))
            value = self.real(index)
            if value != name or name in taken:
                value = self.node("Identity", [value])
            taken.add(value)
            results.append(helper.make_tensor_value_info(value, self.elem_type(index), None))
        graph = helper.make_graph(self.nodes, "tflite", self._inputs, results, self._initializers)
        graph.quantization_annotation.extend(self._annotations)
        domains = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
        return helper.make_model(
            graph, producer_name=PRODUCER, opset_imports=domains, ir_version=_IR_VERSION
        )

    def _annotate(self, name: str, scale: str, zero_point: str) -> None:
        """Keep what the integers are that the file has in place of an input's real values."""
        annotation = onnx.TensorAnnotation(tensor_name=name)
        for key, value in (("SCALE_TENSOR", scale), ("ZERO_POINT_TENSOR", zero_point)):
            annotation.quant_parameter_tensor_names.add(key=key, value=value)
        self._annotations.append(annotation)

    def elem_type(self, index: int) -> int:
        tensor = self.tensors[index]
        if tensor.quantization is not None:
            return TensorProto.FLOAT
        return _ELEM_TYPES.get(tensor.dtype, TensorProto.UNDEFINED)

    # Quantization.

    def _quantize(self, index: int, value: str, name: str) -> None:
        tensor = self.tensors[index]
        assert tensor.quantization is not None, "only quantized tensors are rounded"
        self._real[index] = name
        self._round(index, value, name)

    def _round(self, index: int, value: str, name: str) -> None:
        tensor = self.tensors[index]
        assert tensor.quantization is not None, "only to quantized tensors"
        if tensor.dtype not in ("INT8", "UINT8"):
            raise Refusal(
                f"its result '{tensor.name}' is quantized to {tensor.dtype}; convert the model "
                "with 8-bit activations"
            )
        parameters = self._quantization_parameters(index)
        integers = self._unique(f"{name}_quantized")
        axis = tensor.quantization.axis
        stem = tensor.name if self._operator is None else self._operator.name
        for op_type, source, target in (
            ("QuantizeLinear", value, integers),
            ("DequantizeLinear", integers, name),
        ):
            node = helper.make_node(
                op_type,
                [source, *parameters],
                [target],
                self._unique(f"{stem}/{op_type}"),
                axis=axis,
            )
            self.nodes.append(node)

    def _quantization_parameters(self, index: int) -> tuple[str, ...]:
        if index not in self._parameters:
            tensor = self.tensors[index]
            assert tensor.quantization is not None, "only of quantized tensors"
            self._parameters[index] = self._add_parameters(tensor, tensor.quantization)
        return self._parameters[index]

    def _add_parameters(self, tensor: Tensor, quantization: Quantization) -> tuple[str, ...]:
        dtype = {"UINT8": np.uint8, "INT32": np.int32}.get(tensor.dtype, np.int8)
        scales, zero_points = quantization.scales, quantization.zero_points.astype(dtype)
        if (zero_points != quantization.zero_points).any():
            raise Refusal(
                f"its tensor '{tensor.name}' has a zero point that its type {tensor.dtype} does "
                "not hold; convert the model again"
            )
        if len(scales) == 1:
            scales, zero_points = scales.reshape(()), zero_points.reshape(())
        return (
            self._add(self._unique(f"{tensor.name}_scale"), scales),
            self._add(self._unique(f"{tensor.name}_zero_point"), zero_points),
        )

    def _constant_values(self, index: int, perm: Sequence[int] | None) -> str:
        """The values of a constant, its axes in another order."""
        tensor = self.tensors[index]
        assert tensor.data is not None, "it is a constant"
        data = tensor.data if perm is None else tensor.data.transpose(perm)
        name = tensor.name if perm is None else self._unique(f"{tensor.name}_transposed")
        if tensor.quantization is None:
            kind = {"FLOAT16": np.float32, "INT32": np.int64, "INT4": np.int8}.get(tensor.dtype)
            return self._add(name, data if kind is None else data.astype(kind))
        axis = tensor.quantization.axis
        if perm is not None:
            axis = list(perm).index(axis)
        integers = self._add(self._unique(f"{tensor.name}_quantized"), data)
        parameters = self._quantization_parameters(index)
        self.nodes.append(
            helper.make_node(
                "DequantizeLinear",
                [integers, *parameters],
                [name],
                f"{name}/DequantizeLinear",
                axis=axis,
            )
        )
        return name

    def _has_inputs_quantization(self, tensor: Tensor) -> bool:
        assert self._operator is not None, "asked by an operator"
        assert tensor.quantization is not None, "asked of quantized tensors"
        read = [self.tensors[index] for index in self._operator.inputs if index >= 0]
        known = [t.quantization for t in read if t.quantization is not None]
        return all(tensor.quantization.same_as(other) for other in known)

    # Names.

    def _add(self, name: str, array: np.ndarray) -> str:
        self._constant_bytes += array.nbytes
        need_memory("The model's constants, each as often as it is used,", 3 * self._constant_bytes)
        self._initializers.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def _rename(self, value: str, name: str) -> None:
        """Call a value of this operator's by another name, or hand on an earlier one by it."""
        node = self._fresh.pop(value, None)
        if node is None:
            self.nodes.append(helper.make_node("Identity", [value], [name], f"{name}/Identity"))
        else:
            node.output[list(node.output).index(value)] = name

    def _unique(self, stem: str) -> str:
        name, number = stem, 1
        while name in self._names:
            number += 1
            name = f"{stem}_{number}"
        self._names.add(name)
        return name
