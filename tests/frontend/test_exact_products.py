"""Products of bytes in onnxruntime, at their extremes: exact on every processor, once rewritten."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnhw.frontend.exact_products import make_products_exact

TYPES = {np.uint8: TensorProto.UINT8, np.int8: TensorProto.INT8}
REAL = {np.float32: TensorProto.FLOAT}
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
CONTRIB = {"QGemm", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"}
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
    domain = "com.microsoft" if op_type in CONTRIB else ""
    graph = helper.make_graph(
        [helper.make_node(op_type, names, ["y"], domain=domain)],
        "products",
        [helper.make_tensor_value_info("x", (TYPES | REAL)[x_kind], shape)],
        [helper.make_tensor_value_info("y", out, [None] * len(shape))],
        [numpy_helper.from_array(v, name) for name, v in inputs.items() if v is not None],
    )
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=8)
    onnx.checker.check_model(model)
    return model


def weights_of(model: onnx.ModelProto, place: int) -> np.ndarray:
    """What the last operator multiplies by."""
    (found,) = [t for t in model.graph.initializer if t.name == model.graph.node[-1].input[place]]
    return numpy_helper.to_array(found)


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
@pytest.mark.parametrize("op_type", ["QLinearMatMul", "QLinearConv", "QGemm"])
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
        **({"bias": np.zeros(10, np.int32)} if op_type == "QGemm" else {}),
        **{"y_scale": scale, "y_zero": zeros["y_zero"]},
    }
    model = model_of(op_type, x_kind, x.shape, inputs, TYPES[x_kind])
    make_products_exact(model)
    assert weights_of(model, 3).dtype == (np.uint8 if x_kind == np.uint8 else w_kind)
    found = run(model, x)
    assert found.dtype == x_kind
    assert found.reshape(1, 10).tolist() == wanted.tolist()


@pytest.mark.parametrize("op_type", ["MatMulIntegerToFloat", "DynamicQuantizeMatMul"])
@pytest.mark.parametrize("zero_point", [True, False])
def test_products_that_are_made_real(op_type, zero_point):
    """Activations from 0 to 255 with a scale of one, so that those made of real ones are known."""
    rng = np.random.default_rng(3)
    x, w = extremes(rng, np.uint8, (1, 64)), extremes(rng, np.int8, (64, 10))
    x[0, :2] = 0, 255
    w_zero = np.array(-7 if zero_point else 0, np.int8)
    one = np.array(1, np.float32)
    zero = {"w_zero": w_zero} if zero_point else {}
    if op_type == "DynamicQuantizeMatMul":
        inputs = {"x": None, "w": w, "w_scale": one, **zero}
        model = model_of(op_type, np.float32, x.shape, inputs, TensorProto.FLOAT)
    else:
        inputs = {"x": None, "w": w, "x_scale": one, "w_scale": one}
        inputs |= {"x_zero": np.array(0, np.uint8), **zero} if zero_point else {}
        model = model_of(op_type, np.uint8, x.shape, inputs, TensorProto.FLOAT)
    make_products_exact(model)
    assert weights_of(model, 1).dtype == np.uint8
    found = run(model, x.astype(np.float32) if op_type == "DynamicQuantizeMatMul" else x)
    assert found.tolist() == (x.astype(int) @ (w.astype(int) - int(w_zero))).tolist()


def test_activations_of_operators_that_onnx_does_not_know():
    """Their type is that of the zero point."""
    one, zero = np.array(1, np.float32), np.array(5, np.uint8)
    constants = {"one": one, "zero": zero, "w": np.full((4, 3), -3, np.int8)}
    constants |= {"w_zero": np.array(0, np.int8)}
    pair = ["one", "zero"]
    sum_ = helper.make_node(
        "QLinearAdd", ["x", *pair, "x", *pair, *pair], ["s"], domain="com.microsoft"
    )
    product = helper.make_node("QLinearMatMul", ["s", *pair, "w", "one", "w_zero", *pair], ["y"])
    graph = helper.make_graph(
        [sum_, product],
        "chain",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, (1, 4))],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, (1, 3))],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=8)
    make_products_exact(model)
    assert weights_of(model, 3).dtype == np.uint8
    assert run(model, np.array([[5, 5, 5, 4]], np.uint8)).tolist() == [[11, 11, 11]]


def test_other_models_stay_as_they_are():
    model = model_of("Relu", np.int8, (3,), {"x": None}, TensorProto.INT8)
    before = model.SerializeToString()
    make_products_exact(model)
    assert model.SerializeToString() == before
