"""Writes down a small ONNX model operator by operator."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .draw import Draw


class Net:
    """A model in the making; values are named by number."""

    def __init__(self, draw: Draw, opset: int = 17) -> None:
        self.draw = draw
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.functions: list[onnx.FunctionProto] = []

    def input(self, *shape: int | str | None, name: str = "x", dtype: int = TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def const(self, value: object, dtype: type | None = None) -> str:
        name = f"k{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, *shape: int) -> str:
        return self.const(self.draw.normal(*shape, scale=0.5))

    def add(self, op_type: str, *inputs: str, outputs: int = 1, **attributes: object):
        """Append a node; returns its output, or all of them if there are several."""
        number = len(self.nodes)
        names = [f"t{number}" if i == 0 else f"t{number}_{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(op_type, inputs, names, f"{op_type.lower()}_{number}", **attributes)
        )
        return names[0] if outputs == 1 else names

    def conv(self, x: str, channels: int, out: int, kernel: int = 3, groups: int = 1, **attributes):
        weight = self.weight(out, channels // groups, kernel, kernel)
        bias = [self.weight(out)] if self.draw.chance(0.7) else []
        pad = kernel // 2
        settings = {"pads": [pad] * 4, "group": groups} | attributes
        return self.add("Conv", x, weight, *bias, **settings)

    def model(self, *outputs: str) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "network",
            self.inputs,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self.constants,
        )
        domains = {node.domain for node in self.nodes} - {""}
        made = helper.make_model(
            graph,
            opset_imports=[
                helper.make_opsetid("", self.opset),
                *(helper.make_opsetid(domain, 1) for domain in sorted(domains)),
            ],
            ir_version=10,
            functions=self.functions,
        )
        return with_output_shapes(made)


def with_output_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, whose outputs get the shapes and types that ONNX infers, if it does."""
    free = onnx.ModelProto()
    free.CopyFrom(model)
    for output in free.graph.output:
        output.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(free)
    except Exception:  # a model that is wrong on purpose
        return model
    for output, found in zip(model.graph.output, inferred.graph.output, strict=True):
        output.CopyFrom(found)
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.shape.SetInParent()
    return model
