"""Real values to integers and back."""

import numpy as np
import pytest

from nnhw.errors import DataError
from nnhw.golden import dequantize, quantize_input
from nnhw.ir import HostStep, Quantization


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


def step(operator: str, *operand: float) -> HostStep:
    return HostStep(operator=operator, operand=np.array(operand, np.float32))


def test_offset_and_scale_of_each_channel() -> None:
    q = Quantization(bits=8, scale=1.0, zero_point=-3)
    steps = [step("Sub", 100, 0), step("Div", 0.5, 1000)]
    # 0.5 and 1.5 steps are ties, which go to the even one of the steps, not of q.
    x = np.array([[100.25, 500], [100.75, 1500], [99.75, -500], [1e9, -1e9], [100, 0]])
    expected = [[-3, -3], [-1, -1], [-3, -3], [127, -128], [-3, -3]]
    assert quantize_input(x.reshape(5, 1, 1, 2), q, steps).reshape(5, 2).tolist() == expected


def test_every_step_is_rounded_to_float32() -> None:
    q = Quantization(bits=8, scale=1.0, zero_point=0)
    x = np.full((1, 1, 1, 1), 2.0**24 + 2)
    # In float64 the sum would be odd, and 3 would remain of it.
    assert quantize_input(x, q, [step("Add", 1), step("Sub", 2.0**24)]).item() == 4
    # The order counts: first the offset, then the scale, which is not exact in binary.
    y = np.full((1, 1, 1, 1), np.float32(0.3))
    assert quantize_input(y, q, [step("Sub", 0.1), step("Div", 0.4)]).item() == int(
        np.rint((np.float32(0.3) - np.float32(0.1)) / np.float32(0.4))
    )


def test_what_is_no_number_is_refused() -> None:
    q = Quantization(bits=8, scale=1.0, zero_point=0)
    with pytest.raises(DataError, match="NaN"):
        quantize_input(np.array([1.0, np.nan]), q)
    with pytest.raises(DataError, match="NaN"):  # infinity times zero
        quantize_input(np.full((1, 1, 1, 1), 3e38), q, [step("Mul", 10), step("Mul", 0)])
