"""Convolutions and matrix products of QDQ models keep their own numbers."""

import numpy as np
import pytest
from onnx_models import save
from quantized_models import Qdq
from quantized_reference import (
    checked,
    integer_graph,
    kinds,
    output_steps,
    refusal,
)

from nnhw.ir import (
    Quantization,
)

OPSETS = (13, 17, 21, 23)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("axis", [0, -4, None])
def test_convolution(tmp_path, opset, dtype, axis):
    b = Qdq((1, 3, 9, 8), opset=opset)
    zero = 3 if dtype == "int8" else 131
    x = b.qdq("x", 0.03, zero, dtype)
    bias = b.node(
        "DequantizeLinear",
        [b.constant(np.arange(-4000, 4000, 1000, dtype=np.int32)), b.constant(np.float32(3e-4))],
    )
    y = b.node("Conv", [x, b.weights((8, 3, 3, 3), axis=axis), bias], pads=[1, 1, 0, 0])
    b.qdq(b.node("Relu", [y]), 0.05, -128 if dtype == "int8" else 0, dtype, "y")
    graph = checked(b, tmp_path)
    assert kinds(graph) == ["QConv"]
    (node,) = graph.nodes
    assert node.weight.dtype == np.int8
    assert node.weight.min() == -128
    tensor = graph.tensors[node.output].q
    assert tensor == Quantization(bits=8, scale=float(np.float32(0.05)), zero_point=-128)


def test_weights_are_the_models_integers(tmp_path):
    b = Qdq((1, 2, 3, 3))
    weights = b.rng.integers(-128, 127, (4, 2, 1, 1), endpoint=True)
    scale = np.array([0.1, 0.2, 1e-5, 3.0], np.float32)
    w = b.node("DequantizeLinear", [b.constant(weights, "int8"), b.constant(scale)], axis=0)
    b.qdq(b.node("Conv", [b.qdq("x", 0.02), w]), 0.5, 0, "int8", "y")
    (node,) = integer_graph(save(b.model(), tmp_path)).nodes
    np.testing.assert_array_equal(node.weight, weights.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(node.weight_scale, scale.astype(float))


def test_int32_bias_is_kept_bit_for_bit(tmp_path):
    """Also where float32 would round it."""
    b = Qdq((1, 2, 3, 3))
    bias = np.array([16777217, -33554435], np.int32)
    w = b.weights((2, 2, 1, 1), axis=None, scale=0.5)
    real = b.node("DequantizeLinear", [b.constant(bias), b.constant(np.float32(0.5 * 0.02))])
    b.qdq(b.node("Conv", [b.qdq("x", 0.02), w, real]), 1e4, 0, "int8", "y")
    (node,) = integer_graph(save(b.model(), tmp_path)).nodes
    assert node.bias.tolist() == bias.tolist()


def test_float_bias_is_rounded_to_the_accumulators_unit(tmp_path):
    b = Qdq((1, 2, 3, 3))
    w = b.weights((2, 2, 1, 1), axis=None, scale=0.5)
    bias = b.constant(np.array([0.104, -0.326], np.float32))
    b.qdq(b.node("Conv", [b.qdq("x", 0.02), w, bias]), 0.7, 0, "int8", "y")
    (node,) = integer_graph(save(b.model(), tmp_path)).nodes
    assert node.bias.tolist() == [10, -33]


@pytest.mark.parametrize(
    ("dtype", "zero", "bits"), [("int8", 0, 8), ("uint8", 128, 8), ("int4", 0, 4), ("uint4", 8, 4)]
)
def test_weight_types(tmp_path, dtype, zero, bits):
    b = Qdq((1, 16))
    w = b.weights((10, 16), dtype=dtype, zero=zero, scale=0.02)
    y = b.node("Gemm", [b.qdq("x", 0.02, 5), w], transB=1)
    b.qdq(y, 0.06, 1, "int8", "y")
    (node,) = checked(b, tmp_path).nodes
    assert node.weight_bits == bits


def test_weights_take_the_bits_that_they_need(tmp_path):
    b = Qdq((1, 16))
    y = b.node("Gemm", [b.qdq("x", 0.02), b.weights((10, 16), lo=-4, hi=3)], transB=1)
    b.qdq(y, 0.06, 0, "int8", "y")
    (node,) = checked(b, tmp_path).nodes
    assert node.weight_bits == 3


def test_asymmetric_weights_that_fit_are_shifted(tmp_path):
    b = Qdq((1, 16))
    w = b.weights((10, 16), dtype="uint8", zero=90, lo=0, hi=200)
    b.qdq(b.node("Gemm", [b.qdq("x", 0.02), w], transB=1), 0.3, 0, "int8", "y")
    (node,) = checked(b, tmp_path).nodes
    assert node.weight.min() == -90


def test_asymmetric_weights_of_nine_bits(tmp_path):
    b = Qdq((1, 16))
    w = b.weights((10, 16), dtype="uint8", zero=100)
    b.qdq(b.node("Gemm", [b.qdq("x", 0.02), w], "hidden", transB=1), 0.3, 0, "int8", "y")
    (node,) = checked(b, tmp_path).nodes
    assert (node.weight.min(), node.weight.max(), node.weight_bits) == (-100, 155, 9)


def test_weights_of_sixteen_bits(tmp_path):
    b = Qdq((1, 16))
    q = b.constant(b.rng.integers(-999, 999, (10, 16)).astype(np.int16))
    w = b.node("DequantizeLinear", [q, b.constant(np.float32(0.01))])
    b.qdq(b.node("Gemm", [b.qdq("x", 0.02), w], "hidden", transB=1), 0.3, 0, "int8", "y")
    text = refusal(b.model(), tmp_path)
    assert "Gemm 'the_hidden': its weights less their zero point are integers from -99" in text
    assert "quantize weights to int8 or uint8" in text


@pytest.mark.parametrize("axis", [1, -1])
def test_matrix_product_per_column(tmp_path, axis):
    b = Qdq((1, 5, 16))
    y = b.node("MatMul", [b.qdq("x", 0.02, -4), b.weights((16, 6), axis=axis)])
    b.qdq(y, 0.0513, 0, "int8", "y")
    graph = integer_graph(save(b.model(), tmp_path))
    assert kinds(graph) == ["QConv"]
    assert np.count_nonzero(output_steps(b.model(), graph, b.samples())) <= 1


def test_transposed_and_reshaped_weights(tmp_path):
    b = Qdq((1, 16))
    w = b.node("Transpose", [b.weights((10, 16))], perm=[1, 0])
    w = b.node("Reshape", [w, b.constant(np.array([16, 10]))])
    b.qdq(b.node("MatMul", [b.qdq("x", 0.02), w]), 0.05, 0, "int8", "y")
    assert kinds(checked(b, tmp_path)) == ["QConv"]


def test_weights_behind_quantize_linear(tmp_path):
    """Exporters of fake-quantized training leave weights as real numbers."""
    b = Qdq((1, 16))
    w = b.constant(b.rng.standard_normal((10, 16)).astype(np.float32))
    scale = [b.constant(np.full(10, 0.02, np.float32)), b.constant(np.zeros(10, int), "int8")]
    q = b.node("QuantizeLinear", [w, *scale], axis=0)
    w = b.node("DequantizeLinear", [q, *scale], axis=0)
    b.qdq(b.node("Gemm", [b.qdq("x", 0.02), w], transB=1), 0.05, 0, "int8", "y")
    checked(b, tmp_path)


def test_scales_in_constant_nodes(tmp_path):
    b = Qdq((1, 3, 4, 4))
    parameters = [
        b.node("Constant", [], value_float=0.02),
        b.constant(0, "int8"),
    ]
    x = b.node("DequantizeLinear", [b.node("QuantizeLinear", ["x", *parameters]), *parameters])
    b.qdq(b.node("Conv", [x, b.weights((4, 3, 1, 1))]), 0.03, 0, "int8", "y")
    checked(b, tmp_path)
