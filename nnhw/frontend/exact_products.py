"""Products of 8-bit integers that come out right on every processor.

On x86 without VNNI, onnxruntime adds pairs of products of unsigned and signed bytes in 16 bits,
which cut off what is larger: an answer then depends on the machine. Products of bytes of one kind
have other instructions and are exact everywhere. So weights that are signed where activations are
not are moved up by 128, together with their zero points, which leaves every difference to a zero
point, and so every answer, what it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper, shape_inference

from .qoperator import CONTRIB

_MOVED = 128


class _Places(NamedTuple):
    """Which inputs of an operator are what."""

    activations: int
    weights: int
    activation_zero: int | None
    """None: the operator makes activations of real numbers, as unsigned bytes."""
    weight_zero: int


_PLACES = {
    ("QLinearConv", ""): _Places(0, 3, 2, 5),
    ("QLinearMatMul", ""): _Places(0, 3, 2, 5),
    ("ConvInteger", ""): _Places(0, 1, 2, 3),
    ("MatMulInteger", ""): _Places(0, 1, 2, 3),
    ("QLinearConv", CONTRIB): _Places(0, 3, 2, 5),
    ("QGemm", CONTRIB): _Places(0, 3, 2, 5),
    ("MatMulIntegerToFloat", CONTRIB): _Places(0, 1, 4, 5),
    ("DynamicQuantizeMatMul", CONTRIB): _Places(0, 1, None, 3),
}
"""Operators that multiply bytes: of ONNX (opset 10), and onnxruntime's own."""


def make_products_exact(model: onnx.ModelProto) -> None:
    """Rewrite a model so that nothing in it multiplies unsigned bytes by signed ones.

    Names of tensors that were there stay, and what they hold.
    """
    if any(_places(node) for node in model.graph.node):
        _Rewriter(model).run()


def _places(node: NodeProto) -> _Places | None:
    return _PLACES.get((node.op_type, node.domain))


class _Rewriter:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
        try:
            known = shape_inference.infer_shapes(model).graph
        except Exception:  # too large, or wrong: what it says of itself is there all the same
            known = model.graph
        for value in (*known.input, *known.value_info, *known.output):
            self._types.setdefault(value.name, value.type.tensor_type.elem_type)
        self._nodes: list[NodeProto] = []
        self._moved: dict[str, str] = {}
        self._count = 0

    def run(self) -> None:
        for node in list(self._graph.node):
            if places := _places(node):
                self._rewrite(node, places)
            self._nodes.append(node)
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)

    def _rewrite(self, node: NodeProto, places: _Places) -> None:
        weights, zero = places.weights, places.weight_zero
        if self._type(node, weights, zero) != TensorProto.INT8:
            return
        if places.activation_zero is not None:
            kind = self._type(node, places.activations, places.activation_zero)
            if kind != TensorProto.UINT8:
                return
        node.input[weights] = self._unsigned(node.input[weights])
        while len(node.input) <= zero:
            node.input.append("")
        if node.input[zero]:
            node.input[zero] = self._unsigned(node.input[zero])
        else:
            node.input[zero] = self._constant(np.array(_MOVED, np.uint8))

    def _type(self, node: NodeProto, *places: int) -> int | None:
        """Type of inputs that have one type, of which ONNX may not know all: onnxruntime's own
        operators are strange to it."""
        names = [node.input[place] for place in places if place < len(node.input)]
        return next((self._types[name] for name in names if self._types.get(name)), None)

    def _unsigned(self, name: str) -> str:
        """The tensor of this name, moved up."""
        if name not in self._moved:
            self._moved[name] = self._make_unsigned(name)
        return self._moved[name]

    def _make_unsigned(self, name: str) -> str:
        if name in self._constants:
            values = numpy_helper.to_array(self._constants[name]).astype(np.int16)
            return self._constant((values + _MOVED).astype(np.uint8))
        wide, moved, narrow = self._name(), self._name(), self._name()
        offset = self._constant(np.array(_MOVED, np.int32))
        self._nodes += [
            helper.make_node("Cast", [name], [wide], to=TensorProto.INT32),
            helper.make_node("Add", [wide, offset], [moved]),
            helper.make_node("Cast", [moved], [narrow], to=TensorProto.UINT8),
        ]
        return narrow

    def _constant(self, values: np.ndarray) -> str:
        name = self._name()
        self._graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def _name(self) -> str:
        self._count += 1
        return f"nnhw_exact_{self._count}"
