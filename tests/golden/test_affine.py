"""Real values to integers and back."""

import numpy as np
import pytest

from nnhw.golden import dequantize, quantize_input
from nnhw.ir import Quantization


def test_ties_go_to_even_and_ends_saturate() -> None:
    q = Quantization(bits=4, scale=0.5, zero_point=-2)
    x = np.array([0.25, 0.75, -0.25, -0.75, 0.26, 100.0, -100.0, 3e38, -3e38])
    assert quantize_input(x, q).tolist() == [-2, 0, -2, -4, -1, 7, -8, 7, -8]
    assert quantize_input(x, q).dtype == np.int8


def test_steps_beyond_float32_saturate() -> None:
    q = Quantization(bits=8, scale=1e-30, zero_point=5)
    assert quantize_input(np.array([1e30, -1e30]), q).tolist() == [127, -128]


def test_unsigned() -> None:
    q = Quantization(bits=8, scale=1.0, zero_point=10, signed=False)
    result = quantize_input(np.array([-20.0, 0.0, 240.0, 250.0]), q)
    assert result.dtype == np.uint8
    assert result.tolist() == [0, 10, 250, 255]
    assert dequantize(result, q).tolist() == [-10.0, 0.0, 240.0, 245.0]


def test_dequantize_inverts_within_half_a_step() -> None:
    q = Quantization(bits=8, scale=float(np.float32(0.037)), zero_point=-31)
    x = np.linspace(-3.5, 5.8, 1001)
    real = dequantize(quantize_input(x, q), q)
    assert real.dtype == np.float32
    np.testing.assert_allclose(real, x, atol=0.5001 * q.scale)


def test_quantize_input_is_onnx_quantize_linear() -> None:
    onnx = pytest.importorskip("onnx")
    ort = pytest.importorskip("onnxruntime")
    q = Quantization(bits=8, scale=float(np.float32(0.1)), zero_point=-7)
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("QuantizeLinear", ["x", "scale", "zero_point"], ["q"])],
        "test",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None])],
        [helper.make_tensor_value_info("q", onnx.TensorProto.INT8, [None])],
        [
            onnx.numpy_helper.from_array(np.array(q.scale, np.float32), "scale"),
            onnx.numpy_helper.from_array(np.array(q.zero_point, np.int8), "zero_point"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    x = rng.normal(scale=8, size=100_000).astype(np.float32)
    x[:400] = np.arange(400) * np.float32(0.05) - 10  # on and next to ties
    (expected,) = session.run(None, {"x": x})
    np.testing.assert_array_equal(quantize_input(x, q), expected)
