"""Small ONNX files, and what onnxruntime makes of them here, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHT = np.random.default_rng(1).standard_normal((6, 4)).astype(np.float32)


def onnx_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, Sequence[int | str]]],
    outputs: Mapping[str, int],
    constants: Mapping[str, np.ndarray],
    *,
    opset: int = 17,
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    for output in graph.output:
        output.type.tensor_type.shape.SetInParent()
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(made)
    del made.graph.output[:]
    made.graph.output.extend(inferred.graph.output)
    return made


def dense_nodes() -> list[onnx.NodeProto]:
    """Two layers from "x" to "z"."""
    return [
        helper.make_node("MatMul", ["x", "w"], ["h"], "first"),
        helper.make_node("Relu", ["h"], ["r"], "relu"),
        helper.make_node("MatMul", ["r", "v"], ["z"], "second"),
    ]


CONSTANTS = {"w": WEIGHT, "v": WEIGHT[:4, :3].copy()}


def dense_model(batch: int | str = "n") -> onnx.ModelProto:
    """Six numbers to three scores, and their Softmax."""
    return onnx_model(
        [*dense_nodes(), helper.make_node("Softmax", ["z"], ["y"], "softmax", axis=-1)],
        {"x": (TensorProto.FLOAT, [batch, 6])},
        {"y": TensorProto.FLOAT},
        CONSTANTS,
    )


def scores(x: np.ndarray) -> np.ndarray:
    """What `dense_model` has before its Softmax."""
    return np.maximum(x @ CONSTANTS["w"], 0) @ CONSTANTS["v"]


def samples(count: int, size: int = 6) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, size)).astype(np.float32)


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "small.onnx"
    onnx.save(model, path)
    return path
