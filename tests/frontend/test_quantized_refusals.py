"""What quantized models ask for in vain is refused by name, with advice."""

import numpy as np
import pytest
from quantized_models import Qdq
from quantized_reference import refusal


def test_block_quantization(tmp_path):
    b = Qdq((1, 16))
    scales = b.constant(np.full((10, 4), 0.02, np.float32))
    q = b.constant(b.rng.integers(-9, 9, (10, 16)), "int8")
    w = b.node("DequantizeLinear", [q, scales], "blocked", axis=1, block_size=4)
    b.qdq(b.node("Gemm", [b.qdq("x", 0.02), w], transB=1), 0.3, 0, "int8", "y")
    text = refusal(b.model(), tmp_path)
    assert "DequantizeLinear 'the_blocked': attribute block_size=4 is not supported" in text


def test_sixteen_bit_activations(tmp_path):
    b = Qdq((1, 16))
    parameters = [b.constant(np.float32(0.02)), b.constant(np.int16(0))]
    q = b.node("QuantizeLinear", ["x", *parameters], "wide")
    x = b.node("DequantizeLinear", [q, *parameters])
    b.qdq(b.node("Gemm", [x, b.weights((4, 16))], transB=1), 0.3, 0, "int8", "y")
    assert "QuantizeLinear 'the_wide': it quantizes an activation to int16" in refusal(
        b.model(), tmp_path
    )


def test_activations_per_channel(tmp_path):
    b = Qdq((1, 4, 3, 3))
    parameters = [
        b.constant(np.full(4, 0.02, np.float32)),
        b.constant(np.zeros(4, int), "int8"),
    ]
    q = b.node("QuantizeLinear", ["x", *parameters], "several", axis=1)
    b.node("DequantizeLinear", [q, *parameters], "y", axis=1)
    text = refusal(b.model(), tmp_path)
    assert "QuantizeLinear 'the_several': it quantizes an activation by 4 scales" in text


def test_scales_within_an_output_channel(tmp_path):
    b = Qdq((1, 16))
    w = b.weights((10, 16), axis=1)
    b.qdq(b.node("Gemm", [b.qdq("x", 0.02), w], "hidden", transB=1), 0.3, 0, "int8", "y")
    text = refusal(b.model(), tmp_path)
    assert "Gemm 'the_hidden': its weights have several scales within an output channel" in text


def test_unequal_parameters(tmp_path):
    b = Qdq((1, 16))
    q = b.quantized("x", 0.02)
    b.node("DequantizeLinear", [q, b.constant(np.float32(0.03))], "y")
    text = refusal(b.model(), tmp_path)
    assert "are not those of QuantizeLinear before it (scale=0.0199999996" in text


def test_arithmetic_of_integers(tmp_path):
    b = Qdq((1, 4, 3, 3))
    q = b.quantized("x", 0.02, 5)
    real = b.node("DequantizeLinear", [b.node("Relu", [q], "clamped"), *b._last])
    b.qdq(real, 0.02, 5, "int8", "y")
    assert "Relu 'the_clamped': it computes with the integers 'quantizelinear" in refusal(
        b.model(), tmp_path
    )


@pytest.mark.parametrize("op_type", ["MatMulInteger", "ConvInteger"])
def test_products_of_integers_that_are_not_scaled(tmp_path, op_type):
    b = Qdq((1, 4, 4, 4))
    q = b.quantized("x", 0.02)
    shape = (4, 4) if op_type == "MatMulInteger" else (4, 4, 1, 1)
    b.node(op_type, [q, b.constant(np.ones(shape, int), "int8")], "i")
    b.node("Cast", ["i"], "y", to=1)
    text = refusal(b.model(), tmp_path)
    assert f"1 nodes of type {op_type}" in text
    assert "quantize with that or with quantize_static" in text


def test_what_follows_on_a_refusal_is_no_problem_of_its_own(tmp_path):
    b = Qdq((1, 4, 6, 6))
    q = b.quantized("x", 0.02)
    parameters = list(b._last)
    rest = b.node("Mod", [q, b.constant(7, "int8")])
    b.qdq(b.node("DequantizeLinear", [rest, *parameters]), 0.1, 0, "int8", "y")
    text = refusal(b.model(), tmp_path)
    assert "1 thing" in text
    assert "Mod 'the_mod" in text
