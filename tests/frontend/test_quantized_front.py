"""Arithmetic before the first QuantizeLinear: the host does what onnxruntime does, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_models import normal, save
from qdq_reference import run_onnxruntime
from quantized_models import Qdq
from quantized_reference import integer_graph, refusal

from nnhw import build
from nnhw.frontend import write_qdq
from nnhw.golden import quantize_inputs
from nnhw.ir import Graph, from_channels_last, to_channels_last

IMAGE = (1, 3, 6, 5)
MEAN = normal(1, 3, 1, 1, seed=1)
DEVIATION = np.abs(normal(1, 3, 1, 1, seed=2)) + np.float32(0.5)

Front = list[tuple[str, list[np.ndarray]]]
"""Operators and their constants, the tensor itself being the first operand."""

FRONTS: dict[str, Front] = {
    "normalization": [("Sub", [MEAN]), ("Div", [DEVIATION])],
    "from bytes": [("Mul", [np.float32(1 / 255)]), ("Sub", [MEAN]), ("Div", [DEVIATION])],
    "batch normalization": [
        ("BatchNormalization", [*normal(3, 3, seed=3), np.abs(normal(3, seed=4)) + 1])
    ],
    "offset": [("Sub", [np.float32(100.3)])],
    "added by channel": [("Add", [MEAN])],
    "negated": [("Neg", []), ("Add", [MEAN])],
    "by element": [("Sub", [normal(1, *IMAGE[1:], seed=5)]), ("Div", [DEVIATION])],
}


def network(front: Front, shape: tuple[int, ...] = IMAGE, dtype: str = "int8") -> Qdq:
    """A convolution behind some arithmetic; the integers of the input are named "integers"."""
    b = Qdq(shape)
    value = "x"
    for operator, constants in front:
        value = b.node(operator, [value, *(b.constant(c) for c in constants)])
    q = b.quantized(value, 0.013, 7 if dtype == "int8" else 133, dtype)
    x = b.node("DequantizeLinear", [q, *b._last])
    if len(shape) == 2:
        y = b.node("Gemm", [x, b.weights((4, shape[1]))], transB=1)
    else:
        y = b.node("Conv", [x, b.weights((4, 3, 3, 3))], pads=[1] * 4)
    b.qdq(y, 0.1, output="y")
    return b


def model_of(b: Qdq) -> onnx.ModelProto:
    """The model for any number of samples."""
    model = b.model()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    shape = model.graph.output[0].type.tensor_type.shape
    for axis in range(len(b.shape)):
        shape.dim.add(dim_param=f"y{axis}")
    return model


def integers(b: Qdq) -> str:
    """The first result of QuantizeLinear."""
    return next(n.output[0] for n in b.nodes if n.op_type == "QuantizeLinear")


def golden_integers(graph: Graph, x: np.ndarray) -> np.ndarray:
    """What the host makes of samples in ONNX order, in that order."""
    (port,) = graph.inputs
    q = quantize_inputs(graph, to_channels_last(x, port, graph.tensors[port.tensor]))
    return from_channels_last(q.arrays[port.tensor], port)


@pytest.mark.parametrize("kind", FRONTS)
def test_integers_are_those_of_onnxruntime(kind: str, tmp_path: Path) -> None:
    b = network(FRONTS[kind])
    x = normal(400, *IMAGE[1:], seed=6) * np.float32(100 if kind == "from bytes" else 1)
    x += np.float32(100 if kind == "offset" else 0)
    path = save(model_of(b), tmp_path)
    graph = integer_graph(path)
    (expected,) = run_onnxruntime(path, {"x": x}, [integers(b)])
    assert len(np.unique(expected)) > 50
    np.testing.assert_array_equal(golden_integers(graph, x), expected)
    # So does the exported model, and what is read from it again.
    write_qdq(graph, tmp_path / "again.onnx")
    name = f"{graph.inputs[0].tensor}_quantized"
    (again,) = run_onnxruntime(tmp_path / "again.onnx", {"x": x}, [name])
    np.testing.assert_array_equal(again.reshape(expected.shape), expected)
    read = integer_graph(tmp_path / "again.onnx")
    np.testing.assert_array_equal(golden_integers(read, x), expected)


def test_vector_and_unsigned(tmp_path: Path) -> None:
    b = network([("Sub", [MEAN.ravel()]), ("Div", [DEVIATION.ravel()])], (1, 3), "uint8")
    x = normal(5000, 3, seed=7)
    path = save(model_of(b), tmp_path)
    (expected,) = run_onnxruntime(path, {"x": x}, [integers(b)])
    found = golden_integers(integer_graph(path), x)
    np.testing.assert_array_equal(found, expected.astype(int) - 128)


def test_other_functions_stay_refused(tmp_path: Path) -> None:
    b = network([("Sub", [MEAN]), ("Sigmoid", [])])
    assert "Input 'x' of a quantized model is not quantized" in refusal(b.model(), tmp_path)


def test_simulated_build(tmp_path: Path) -> None:
    b = network(FRONTS["normalization"])
    np.savez(tmp_path / "data.npz", x=normal(5, *IMAGE[1:], seed=8))
    result = build(
        save(b.model(), tmp_path),
        data=tmp_path / "data.npz",
        out=tmp_path / "out",
        macs=8,
        vectors=2,
    )
    assert result.report.verification is not None
    assert result.report.verification.passed
    assert "Sub 0." in result.report.inputs[0]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    # Nobody shall take the quantization alone for what there is to do.
    assert manifest["input"]["scale"] is None
    rule = manifest["inputs"][0]["host_preprocess"]
    assert [step["operator"] for step in rule["steps"]] == ["Sub", "Div"]
    assert rule["steps"][0]["operand"] == MEAN.ravel().tolist()
    assert rule["scale"] == float(np.float32(0.013))
    assert onnx.load(tmp_path / "out" / "model.qdq.onnx").graph.node[0].op_type == "Sub"
