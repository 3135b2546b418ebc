"""Small models in QDQ form, built layer by layer."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    "int8": (TensorProto.INT8, -128, 127),
    "uint8": (TensorProto.UINT8, 0, 255),
    "int4": (TensorProto.INT4, -8, 7),
    "uint4": (TensorProto.UINT4, 0, 15),
}


class Qdq:
    """A QDQ model from input "x" to output "y" in the making; values are named by number."""

    def __init__(self, shape: tuple[int, ...], *, opset: int = 21, seed: int = 0) -> None:
        self.shape = shape
        self.opset = opset
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = 0

    def name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def constant(self, value: np.ndarray | float, dtype: str | None = None) -> str:
        name = self.name("k")
        if dtype is None:
            self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        else:
            array = np.asarray(value)
            self.constants.append(
                helper.make_tensor(name, TYPES[dtype][0], array.shape, array.ravel())
            )
        return name

    def node(self, op_type: str, inputs: list[str], output: str | None = None, **attributes) -> str:
        output = output or self.name(op_type.lower())
        domain = attributes.pop("domain", "")
        self.nodes.append(
            helper.make_node(
                op_type, inputs, [output], f"the_{output}", domain=domain, **attributes
            )
        )
        return output

    def quantized(self, value: str, scale: float, zero: int = 0, dtype: str = "int8") -> str:
        """The integers."""
        parameters = [self.constant(np.float32(scale)), self.constant(zero, dtype)]
        self._last = parameters
        return self.node("QuantizeLinear", [value, *parameters])

    def qdq(
        self,
        value: str,
        scale: float,
        zero: int = 0,
        dtype: str = "int8",
        output: str | None = None,
    ) -> str:
        """Rounded real values."""
        q = self.quantized(value, scale, zero, dtype)
        return self.node("DequantizeLinear", [q, *self._last], output)

    def weights(
        self,
        shape: tuple[int, ...],
        *,
        axis: int | None = 0,
        dtype: str = "int8",
        zero: int = 0,
        scale: float = 0.01,
        lo: int | None = None,
        hi: int | None = None,
        **attributes,
    ) -> str:
        """Random weights behind DequantizeLinear, per tensor if `axis` is None."""
        _, least, most = TYPES[dtype]
        lo, hi = least if lo is None else lo, most if hi is None else hi
        q = self.rng.integers(lo, hi, shape, endpoint=True)
        scales = np.array(scale, np.float32)
        zeros = np.array(zero)
        if axis is not None:
            scales = scale * self.rng.uniform(0.5, 1.5, shape[axis]).astype(np.float32)
            zeros = np.full(shape[axis], zero)
            attributes["axis"] = axis
        inputs = [self.constant(q, dtype), self.constant(scales), self.constant(zeros, dtype)]
        return self.node("DequantizeLinear", inputs, **attributes)

    def model(self, output: str = "y") -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "quantized",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            self.constants,
        )
        imports = [helper.make_opsetid("", self.opset)]
        imports += [helper.make_opsetid(d, 1) for d in {n.domain for n in self.nodes} - {""}]
        made = helper.make_model(graph, opset_imports=imports, ir_version=10)
        made.graph.output[0].type.tensor_type.shape.SetInParent()
        return made

    def samples(self, count: int = 40) -> np.ndarray:
        return self.rng.standard_normal((count, *self.shape[1:])).astype(np.float32)
