"""Small ONNX models, and their comparison with onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnhw.frontend import load_model
from nnhw.frontend.exact_products import make_products_exact
from nnhw.ir import Graph, from_channels_last, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import run_float

Constants = dict[str, np.ndarray]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return rng(seed).standard_normal(shape).astype(np.float32)


def model(
    nodes: Sequence[onnx.NodeProto],
    input_shape: Sequence[int | str],
    constants: Constants | None = None,
    *,
    opset: int = 17,
    input_type: int = TensorProto.FLOAT,
    output_type: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("y",),
) -> onnx.ModelProto:
    """A model from input "x" to output "y"."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("x", input_type, input_shape)],
        [helper.make_tensor_value_info(name, output_type, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=min(10, 3 + opset // 3)
    )
    inferred = onnx.shape_inference.infer_shapes(made)
    del made.graph.output[:]
    made.graph.output.extend(inferred.graph.output)
    for output in made.graph.output:
        # The checker wants a shape, also where a model is so wrong that none can be inferred.
        output.type.tensor_type.shape.SetInParent()
    return made


def node(op_type: str, inputs: str, output: str = "y", **attributes) -> onnx.NodeProto:
    """A node whose name is that of its operator in lower case; inputs separated by spaces."""
    names = [name if name != "-" else "" for name in inputs.split()]
    return helper.make_node(
        op_type, names, output.split(), name=f"the_{op_type.lower()}_{output}", **attributes
    )


def save(made: onnx.ModelProto, folder: Path, name: str = "small.onnx") -> Path:
    path = folder / name
    path.write_bytes(made.SerializeToString())
    return path


def run_graph(graph: Graph, x: np.ndarray) -> np.ndarray:
    """Output in ONNX's order for a batch in ONNX's order."""
    (source,), (sink,) = graph.inputs, graph.outputs
    images = to_channels_last(x, source, graph.tensors[source.tensor])
    return from_channels_last(run_float(graph, images)[sink.tensor], sink)


def run_onnxruntime(made: onnx.ModelProto, x: np.ndarray, output: str | None = None) -> np.ndarray:
    """Any tensor of a model of batch size 1, for a batch given sample by sample."""
    ort = pytest.importorskip("onnxruntime")
    copy = onnx.ModelProto()
    copy.CopyFrom(made)
    if output is not None and output not in {value.name for value in copy.graph.output}:
        copy.graph.output.append(helper.make_empty_tensor_value_info(output))
    make_products_exact(copy)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(copy.SerializeToString(), options)
    name = session.get_inputs()[0].name
    return np.concatenate([session.run([output], {name: x[i : i + 1]})[0] for i in range(len(x))])


def check(made: onnx.ModelProto, folder: Path, x: np.ndarray | None = None) -> Graph:
    """Compare the loaded graph, and what the passes make of it, with onnxruntime.

    Returns the loaded graph.
    """
    graph = load_model(save(made, folder))
    (source,), (sink,) = graph.inputs, graph.outputs
    if x is None:
        x = normal(3, *source.onnx_shape, seed=7)
    name = sink.onnx_name if sink.onnx_name in _names(made) else None
    expected = run_onnxruntime(made, x, name).reshape(len(x), *sink.onnx_shape)
    floats = x.astype(np.float32)
    scale = np.abs(expected).max() + 1e-30
    for candidate in (graph, simplify_graph(graph)):
        result = run_graph(candidate, floats)
        np.testing.assert_allclose(result / scale, expected / scale, rtol=1e-4, atol=1e-6)
    return graph


def _names(made: onnx.ModelProto) -> set[str]:
    return {name for proto in made.graph.node for name in proto.output}
