"""Models that arrive quantized, of the operators that are not convolutions, pools and additions."""

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from onnx_models import save
from quantized_models import Qdq
from quantized_reference import compare, integer_graph

from nnhw.ir import Graph, QConcat, QConv, QFunction, QMultiply


def check(qdq: Qdq, folder: Path) -> Graph:
    """The integer graph, equal to onnxruntime operator by operator."""
    path = save(qdq.model(), folder)
    graph = integer_graph(path)
    compare(path, graph, qdq.samples()).check()
    return graph


@pytest.mark.parametrize("axis", [1, None])
@pytest.mark.parametrize("stride", [1, 2])
def test_transposed_convolution(tmp_path, axis, stride):
    qdq = Qdq((1, 4, 5, 6))
    x = qdq.qdq("x", 0.03, 5)
    inputs = [x, qdq.weights((4, 3, 3, 3), axis=axis)]
    y = qdq.node("ConvTranspose", inputs, strides=[stride, stride], pads=[1, 1, 1, 1])
    qdq.qdq(qdq.node("Relu", [y]), 0.02037, -128, output="y")
    graph = check(qdq, tmp_path)
    (conv,) = (node for node in graph.nodes if isinstance(node, QConv))
    assert len(np.unique(conv.weight_scale)) == (3 if axis == 1 else 1)


def test_transposed_convolution_in_groups(tmp_path):
    qdq = Qdq((1, 4, 5, 6))
    x = qdq.qdq("x", 0.03, 5)
    y = qdq.node("ConvTranspose", [x, qdq.weights((4, 3, 2, 2), axis=None)], group=2)
    qdq.qdq(y, 0.02037, -3, output="y")
    check(qdq, tmp_path)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_functions_products_and_concatenations(tmp_path, dtype):
    zero = 0 if dtype == "int8" else 128
    qdq = Qdq((1, 4, 5, 6))
    x = qdq.qdq("x", 0.03, zero + 5, dtype)
    conv = qdq.qdq(qdq.node("Conv", [x, qdq.weights((4, 4, 1, 1))]), 0.05, zero + 9, dtype)
    gate = qdq.qdq(qdq.node("Sigmoid", [conv]), 1 / 256, zero - 128, dtype)
    swish = qdq.qdq(qdq.node("Mul", [conv, gate]), 0.04, zero - 100, dtype)
    joined = qdq.node("Concat", [swish, x, gate], axis=1)
    qdq.qdq(joined, 0.045, zero - 70, dtype, output="y")
    graph = check(qdq, tmp_path)
    for kind in (QFunction, QMultiply, QConcat):
        assert sum(isinstance(node, kind) for node in graph.nodes) == 1


def test_pixel_unshuffle_between_roundings(tmp_path):
    qdq = Qdq((1, 3, 4, 6))
    x = qdq.qdq("x", 0.03, 5)
    x = qdq.node("Reshape", [x, qdq.constant(np.array([1, 3, 2, 2, 3, 2]))])
    x = qdq.node("Transpose", [qdq.qdq(x, 0.03, 5)], perm=[0, 1, 3, 5, 2, 4])
    x = qdq.node("Reshape", [qdq.qdq(x, 0.03, 5), qdq.constant(np.array([1, 12, 2, 3]))])
    conv = qdq.node("Conv", [qdq.qdq(x, 0.03, 5), qdq.weights((2, 12, 1, 1))])
    qdq.qdq(conv, 0.05, 3, output="y")
    check(qdq, tmp_path)


def test_decoder_between_roundings(tmp_path):
    """The fully connected layer has the order of the image, through roundings and functions."""
    qdq = Qdq((1, 6))
    x = qdq.node("Gemm", [qdq.qdq("x", 0.03, 5), qdq.weights((24, 6))], transB=1)
    x = qdq.qdq(qdq.node("LeakyRelu", [qdq.qdq(x, 0.04, 2)], alpha=0.2), 0.03, -90)
    x = qdq.node("Reshape", [x, qdq.constant(np.array([1, 4, 2, 3]))])
    conv = qdq.node("Conv", [qdq.qdq(x, 0.03, -90), qdq.weights((2, 4, 1, 1))])
    qdq.qdq(conv, 0.05, 3, output="y")
    graph = check(qdq, tmp_path)
    assert sum(isinstance(node, QConv) for node in graph.nodes) == 2


def test_moves_between_roundings(tmp_path):
    qdq = Qdq((1, 4, 4, 6))
    x = qdq.qdq("x", 0.03, 5)
    inputs = [x, qdq.constant(np.array([1, 3]))]
    qdq.nodes.append(helper.make_node("Split", inputs, ["first", "rest"], "split", axis=1))
    scales = qdq.constant(np.float32([1, 1, 2, 2]))
    big = qdq.qdq(qdq.node("Resize", [qdq.qdq("rest", 0.03, 5), "", scales]), 0.03, 5)
    weights = qdq.weights((12, 3, 1, 1))
    conv = qdq.qdq(qdq.node("Conv", [big, weights]), 0.04, -4)
    shuffled = qdq.node("DepthToSpace", [conv], blocksize=2, mode="CRD")
    qdq.qdq(shuffled, 0.04, -4, output="y")
    check(qdq, tmp_path)
