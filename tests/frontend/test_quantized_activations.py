"""Activations of QDQ models keep their own numbers, whatever is between their roundings."""

import numpy as np
import pytest
from onnx_models import run_graph, save
from quantized_models import Qdq
from quantized_reference import (
    checked,
    from_ports,
    integer_graph,
    kinds,
    output_steps,
    refusal,
    run_reference,
)

from nnhw.frontend import load_model
from nnhw.ir import (
    FakeQuantize,
    QAdd,
    QAveragePool,
    QConv,
    QMaxPool,
    Quantization,
)
from nnhw.passes import simplify_graph


def test_every_operator_has_its_own_numbers(tmp_path):
    b = Qdq((1, 4, 8, 8))
    x = b.qdq("x", 0.025, 3)
    left = b.qdq(b.node("Conv", [x, b.weights((4, 1, 3, 3))], group=4, pads=[1] * 4), 0.11, 4)
    right = b.qdq(b.node("Conv", [x, b.weights((4, 4, 1, 1))]), 0.07, -9)
    total = b.qdq(b.node("Relu", [b.node("Add", [left, right])]), 0.083, -128)
    pooled = b.qdq(b.node("MaxPool", [total], kernel_shape=[2, 2], strides=[2, 2]), 0.083, -128)
    mean = b.qdq(b.node("AveragePool", [pooled], kernel_shape=[3, 3]), 0.041, -128)
    flat = b.node("Flatten", [mean])
    b.qdq(b.node("Gemm", [flat, b.weights((5, 16), axis=None)], transB=1), 0.09, 7, "int8", "y")
    graph = checked(b, tmp_path)
    assert [type(node) for node in graph.nodes] == [
        *(QConv, QConv, QAdd, QMaxPool, QAveragePool, QConv)
    ]


def test_average_pool_of_equal_scales(tmp_path):
    """A quarter of the sums of four are ties, which float32 breaks at random."""
    b = Qdq((1, 4, 8, 8))
    x = b.qdq("x", 0.025, 3)
    b.qdq(b.node("AveragePool", [x], kernel_shape=[2, 2]), 0.025, 3, "int8", "y")
    assert kinds(checked(b, tmp_path, at_most=0.07)) == ["QAveragePool"]


def test_chain_of_roundings_is_a_copy(tmp_path):
    b = Qdq((1, 4, 8, 8))
    first = b.qdq(b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 4, 1, 1))]), 0.05, 3)
    second = b.qdq(first, 0.043, -7)
    b.qdq(b.node("Conv", [second, b.weights((4, 4, 1, 1))]), 0.08, 0, "int8", "y")
    graph = checked(b, tmp_path)
    assert kinds(graph) == ["QConv", "QAveragePool", "QConv"]


def test_repeated_rounding_is_dropped(tmp_path):
    b = Qdq((1, 4, 8, 8))
    first = b.qdq(b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 4, 1, 1))]), 0.05, 3)
    second = b.qdq(first, 0.05, 3)
    b.qdq(b.node("Conv", [second, b.weights((4, 4, 1, 1))]), 0.08, 0, "int8", "y")
    assert kinds(checked(b, tmp_path)) == ["QConv", "QConv"]


def test_relu_between_equal_roundings_is_fused(tmp_path):
    b = Qdq((1, 4, 8, 8))
    first = b.qdq(b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 4, 1, 1))]), 0.05, 3)
    b.qdq(b.node("Relu", [first]), 0.05, 3, "int8", "y")
    graph = integer_graph(save(b.model(), tmp_path))
    (node,) = graph.nodes
    assert node.requantize.lo == 3
    assert np.count_nonzero(output_steps(b.model(), graph, b.samples())) <= 10


def test_relu6_between_unequal_roundings(tmp_path):
    b = Qdq((1, 4, 8, 8))
    first = b.qdq(b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 4, 1, 1))]), 0.07, 3)
    bounds = [b.constant(np.float32(0)), b.constant(np.float32(6))]
    b.qdq(b.node("Clip", [first, *bounds]), 6 / 255, -128, "int8", "y")
    assert kinds(checked(b, tmp_path)) == ["QConv", "QAveragePool"]


def test_max_pool_and_views_of_integers(tmp_path):
    b = Qdq((1, 4, 8, 8))
    q = b.quantized(
        b.node("Conv", [b.qdq("x", 0.02, 128, "uint8"), b.weights((4, 4, 1, 1))]), 0.05, 9, "uint8"
    )
    parameters = b._last
    pooled = b.node("MaxPool", [q], kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1])
    real = b.node("DequantizeLinear", [b.node("Flatten", [pooled]), *parameters])
    b.qdq(b.node("Gemm", [real, b.weights((3, 100))], transB=1), 0.2, 0, "int8", "y")
    assert kinds(checked(b, tmp_path)) == ["QConv", "QMaxPool", "QConv"]


def test_rounding_behind_max_pool_moves_before_it(tmp_path):
    b = Qdq((1, 4, 8, 8))
    real = b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 4, 1, 1))])
    pooled = b.node("Relu", [b.node("MaxPool", [real], kernel_shape=[2, 2])])
    b.qdq(pooled, 0.05, 2, "int8", "y")
    graph = checked(b, tmp_path)
    assert kinds(graph) == ["QConv", "QMaxPool"]


def test_constants_of_additions_and_products(tmp_path):
    b = Qdq((1, 4, 6, 6))
    offset = b.node(
        "DequantizeLinear",
        [b.constant([[[30]], [[-7]], [[99]], [[0]]], "int8"), b.constant(np.float32(0.0131))],
    )
    shifted = b.qdq(b.node("Add", [b.qdq("x", 0.02, 1), offset]), 0.0307, -5)
    factor = b.constant(np.array([0.311, -1.713, 2.01, 0.913], np.float32).reshape(4, 1, 1))
    b.qdq(b.node("Mul", [shifted, factor]), 0.05, 4, "int8", "y")
    # The offset is rounded to 1/64 of an input step.
    assert kinds(checked(b, tmp_path, at_most=0.005)) == ["QConv", "QConv"]


def test_batch_normalization_behind_quantized_weights(tmp_path):
    """It changes the scales of the weights, not their integers."""
    b = Qdq((1, 3, 6, 6))
    real = b.node("Conv", [b.qdq("x", 0.0217), b.weights((4, 3, 1, 1))])
    factors = b.constant(np.array([1.3, -0.4, 0.0, 2.1], np.float32).reshape(4, 1, 1))
    b.qdq(b.node("Mul", [real, factors]), 0.0813, 3, "int8", "y")
    (node,) = checked(b, tmp_path).nodes
    assert node.weight[0].any()
    assert not node.weight[2].any()


def test_arithmetic_before_quantized_weights(tmp_path):
    """Folded into the weights it would leave no integers of one scale."""
    b = Qdq((1, 3, 6, 6))
    factors = b.constant(np.array([1.3, 0.4, 2.1], np.float32).reshape(3, 1, 1))
    scaled = b.node("Mul", [b.qdq("x", 0.0217), factors], "scaled")
    b.qdq(b.node("Conv", [scaled, b.weights((4, 3, 1, 1))]), 0.0813, 3, "int8", "y")
    assert "Node 'the_scaled' of a quantized model: its result is not quantized" in refusal(
        b.model(), tmp_path
    )


def test_narrow_activations(tmp_path):
    """ONNX has no type of 5 bits: a clamp stands before the rounding."""
    b = Qdq((1, 4, 6, 6))
    x = b.qdq("x", 0.02)
    real = b.node("Conv", [x, b.weights((4, 4, 1, 1))])
    bounds = [b.constant(np.float32(-0.2 * 16)), b.constant(np.float32(0.2 * 15))]
    b.qdq(b.node("Clip", [real, *bounds]), 0.2, 0, "int8", "y")
    graph = checked(b, tmp_path)
    assert graph.tensors[graph.nodes[-1].output].q.bits == 5


@pytest.mark.parametrize("zero_point", [3, -120, 127])
def test_relu_of_what_ends_below_a_power_of_two(zero_point, tmp_path):
    """8 bits end 127 - zero_point steps above zero, also where fewer bits hold these and more."""
    b = Qdq((1, 4, 6, 6))
    real = b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 4, 1, 1))])
    rounded = b.qdq(real, 0.003, zero_point)
    clamped = b.node("Relu", [rounded])
    b.qdq(b.node("Conv", [clamped, b.weights((2, 4, 1, 1))]), 0.02, 0, "int8", "y")
    checked(b, tmp_path)


def test_four_bit_activations(tmp_path):
    b = Qdq((1, 4, 6, 6), opset=21)
    x = b.qdq("x", 0.3, 7, "uint4")
    b.qdq(b.node("Conv", [x, b.weights((4, 4, 1, 1))]), 1.0, -2, "int4", "y")
    path = save(b.model(), tmp_path)
    graph = integer_graph(path)
    assert graph.tensors["x"].q == Quantization(bits=4, scale=float(np.float32(0.3)), zero_point=-1)
    assert graph.tensors[graph.outputs[0].tensor].q.bits == 4


def test_channels_of_zero_weights(tmp_path):
    b = Qdq((1, 2, 4, 4))
    weights = np.array([[0, 0], [5, -9]]).reshape(2, 2, 1, 1)
    scale = np.array([1e-12, 0.0313], np.float32)
    w = b.node("DequantizeLinear", [b.constant(weights, "int8"), b.constant(scale)], axis=0)
    bias = b.constant(np.array([1.234, -800 * 0.02 * 0.0313], np.float32))
    b.qdq(b.node("Conv", [b.qdq("x", 0.02), w, bias]), 0.05, 0, "int8", "y")
    (node,) = checked(b, tmp_path).nodes
    assert np.abs(node.bias).max() < 1 << 25


def test_float_graph_computes_what_the_model_does(tmp_path):
    b = Qdq((1, 3, 6, 6))
    y = b.node("Conv", [b.qdq("x", 0.05, 3), b.weights((4, 3, 3, 3))])
    b.qdq(y, 0.2, -3, "int8", "y")
    graph = load_model(save(b.model(), tmp_path))
    assert sum(isinstance(node, FakeQuantize) for node in graph.nodes) == 2
    x = b.samples()
    expected = run_reference(b.model(), {"x": x}, ["y"])["y"]
    for candidate in (graph, simplify_graph(graph)):
        assert np.mean(np.abs(run_graph(candidate, x) - expected) > 1e-5) < 0.002


def test_rounding_after_softmax_stays_with_the_host(tmp_path):
    b = Qdq((1, 16))
    logits = b.qdq(b.node("Gemm", [b.qdq("x", 0.02), b.weights((4, 16))], transB=1), 0.1, 9)
    b.qdq(b.node("Softmax", [logits], axis=1), 1 / 256, -128, "int8", "y")
    graph = integer_graph(save(b.model(), tmp_path))
    assert graph.host_postprocess == (
        "Softmax(axis=1)",
        "QuantizeLinear(scale=0.00390625, zero_point=-128, dtype=int8)",
        "DequantizeLinear(scale=0.00390625, zero_point=-128)",
    )
    assert graph.tensors[graph.outputs[0].tensor].q.zero_point == 9


def test_integer_output_stays_with_the_host(tmp_path):
    b = Qdq((1, 16))
    b.quantized(b.node("Gemm", [b.qdq("x", 0.02), b.weights((4, 16))], transB=1), 0.1, 200, "uint8")
    model = b.model(b.nodes[-1].output[0])
    model.graph.output[0].type.tensor_type.elem_type = 2
    graph = integer_graph(save(model, tmp_path))
    assert graph.host_postprocess == (
        "QuantizeLinear(scale=0.100000001, zero_point=200, dtype=uint8)",
    )
    assert graph.tensors[graph.outputs[0].tensor].q.zero_point == 72
    assert from_ports(graph, b.samples(2)).shape == (2, 4)
