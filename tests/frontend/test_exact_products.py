"""Products of bytes in onnxruntime, at their extremes: exact on every processor, once rewritten."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnhw.frontend.exact_products import make_products_exact

TYPES = {np.uint8: TensorProto.UINT8, np.int8: TensorProto.INT8}
CASES = [(x, w) for x, w in itertools.product(TYPES, TYPES) if (x, w) != (np.int8, np.uint8)]


def extremes(rng: np.random.Generator, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    """Values of which most are the least or the largest of their type."""
    info = np.iinfo(kind)
    values = rng.integers(info.min, info.max + 1, shape)
    return np.where(
        rng.random(shape) < 0.7, rng.choice([info.min, info.max], shape), values
    ).astype(kind)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"x": x})[0]


def model_of(op_type: str, x_kind: type, shape, inputs: dict[str, np.ndarray], out: int):
    names = ["x" if value is None else name for name, value in inputs.items()]
    graph = helper.make_graph(
        [helper.make_node(op_type, names, ["y"])],
        "products",
        [helper.make_tensor_value_info("x", TYPES[x_kind], shape)],
        [helper.make_tensor_value_info("y", out, [None] * len(shape))],
        [numpy_helper.from_array(v, name) for name, v in inputs.items() if v is not None],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


@pytest.mark.parametrize(("x_kind", "w_kind"), CASES)
@pytest.mark.parametrize("zero_points", [True, False])
def test_matmul_integer(x_kind, w_kind, zero_points):
    rng = np.random.default_rng(1)
    x, w = extremes(rng, x_kind, (4, 67)), extremes(rng, w_kind, (67, 9))
    x_zero, w_zero = extremes(rng, x_kind, ()), extremes(rng, w_kind, ())
    inputs = {"x": None, "w": w}
    if zero_points:
        inputs |= {"x_zero": x_zero, "w_zero": w_zero}
    else:
        x_zero = w_zero = np.array(0)
    model = model_of("MatMulInteger", x_kind, x.shape, inputs, TensorProto.INT32)
    make_products_exact(model)
    wanted = (x.astype(int) - x_zero) @ (w.astype(int) - w_zero)
    assert run(model, x).tolist() == wanted.tolist()


@pytest.mark.parametrize(("x_kind", "w_kind"), CASES)
@pytest.mark.parametrize("op_type", ["QLinearMatMul", "QLinearConv"])
def test_quantized_products(op_type, x_kind, w_kind):
    """Scales whose product is a power of two: rounding is exact, too."""
    rng = np.random.default_rng(2)
    x, w = extremes(rng, x_kind, (1, 64)), extremes(rng, w_kind, (64, 10))
    info = np.iinfo(x_kind)
    zeros = {"x_zero": np.array(info.max - 9, x_kind), "w_zero": np.array(3, w_kind)}
    zeros["y_zero"] = np.array(info.min + 120, x_kind)
    one, scale = np.array(1, np.float32), np.array(2.0**13, np.float32)
    wanted = (x.astype(int) - int(zeros["x_zero"])) @ (w.astype(int) - 3)
    wanted = np.rint(wanted / 2**13).astype(int) + int(zeros["y_zero"])
    wanted = wanted.clip(info.min, info.max)
    assert len(np.unique(wanted)) > 5
    if op_type == "QLinearConv":
        x, w = x.reshape(1, 64, 1, 1), w.T.reshape(10, 64, 1, 1)
    inputs = {
        **{"x": None, "x_scale": one, "x_zero": zeros["x_zero"]},
        **{"w": w, "w_scale": one, "w_zero": zeros["w_zero"]},
        **{"y_scale": scale, "y_zero": zeros["y_zero"]},
    }
    model = model_of(op_type, x_kind, x.shape, inputs, TYPES[x_kind])
    make_products_exact(model)
    found = run(model, x)
    assert found.dtype == x_kind
    assert found.reshape(1, 10).tolist() == wanted.tolist()


def test_other_models_stay_as_they_are():
    model = model_of("Relu", np.int8, (3,), {"x": None}, TensorProto.INT8)
    before = model.SerializeToString()
    make_products_exact(model)
    assert model.SerializeToString() == before
