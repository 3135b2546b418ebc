"""The QOperator format, and what onnxruntime's own quantization makes, in either format."""

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import save
from quantized_models import Qdq
from quantized_reference import compare, integer_graph, output_steps

from nnhw.errors import UnsupportedError

MS = "com.microsoft"


def float_network(path: Path) -> None:
    """With every operator that onnxruntime quantizes and nnhw has."""
    rng = np.random.default_rng(3)

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    constants = {
        "w1": 0.3 * normal(8, 3, 3, 3),
        "b1": normal(8),
        "w2": 0.4 * normal(8, 1, 3, 3),
        "b2": normal(8),
        "w3": 0.4 * normal(8, 8, 1, 1),
        "zero": np.array(0, np.float32),
        "six": np.array(6, np.float32),
        "wm": 0.1 * normal(72, 10),
        "bm": normal(10),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], "conv1", pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], "conv2", pads=[1] * 4, group=8),
        helper.make_node("Clip", ["c2", "zero", "six"], ["r2"], "relu6"),
        helper.make_node("Conv", ["r2", "w3"], ["c3"], "conv3"),
        helper.make_node("Add", ["c3", "r1"], ["a"], "add"),
        helper.make_node("Relu", ["a"], ["r3"], "relu3"),
        helper.make_node("MaxPool", ["r3"], ["m"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("AveragePool", ["m"], ["g"], "mean", kernel_shape=[2, 2]),
        helper.make_node("Flatten", ["g"], ["f"], "flatten"),
        helper.make_node("MatMul", ["f", "wm"], ["p"], "product"),
        helper.make_node("Add", ["p", "bm"], ["y"], "bias"),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    imports = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)


def quantized_by_onnxruntime(folder: Path, **options) -> tuple[Path, np.ndarray]:
    """The model, and samples that were not used to quantize it."""
    pytest.importorskip("onnxruntime")
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    x = np.random.default_rng(4).standard_normal((80, 3, 8, 8)).astype(np.float32)

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(x[:40])

        def get_next(self):
            sample = next(self.rest, None)
            return None if sample is None else {"x": sample[None]}

    float_network(folder / "float.onnx")
    logging.disable(logging.WARNING)  # it recommends its own preprocessing
    try:
        quantize_static(folder / "float.onnx", folder / "quantized.onnx", Reader(), **options)
    finally:
        logging.disable(logging.NOTSET)
    return folder / "quantized.onnx", x[40:]


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("activation", ["QUInt8", "QInt8"])
@pytest.mark.parametrize("quant_format", ["QDQ", "QOperator"])
def test_quantized_by_onnxruntime(tmp_path, quant_format, activation, per_channel):
    quantization = pytest.importorskip("onnxruntime.quantization")
    path, x = quantized_by_onnxruntime(
        tmp_path,
        quant_format=quantization.QuantFormat[quant_format],
        per_channel=per_channel,
        activation_type=quantization.QuantType[activation],
        weight_type=quantization.QuantType.QInt8,
    )
    graph = integer_graph(path)
    assert [type(node).__name__ for node in graph.nodes] == [
        *("QConv", "QConv", "QConv", "QAdd", "QMaxPool", "QAveragePool", "QConv", "QConv")
    ]
    if quant_format == "QDQ":
        # The average of four of equal scale is a tie in a quarter of the cases, and the constant
        # of the last addition is rounded to 1/64 of its input's step.
        comparison = compare(path, graph, x)
        assert all(np.abs(steps).max() <= 1 for steps in comparison.apart.values())
        differing = {k: np.mean(steps != 0) for k, steps in comparison.apart.items()}
        assert sum(share > 0.001 for share in differing.values()) <= 2
        assert max(differing.values()) < 0.1
    steps = output_steps(onnx.load(path), graph, x)
    assert np.abs(steps).max() <= 2
    assert np.mean(steps != 0) < 0.2


class QOperator(Qdq):
    """Adds nodes of the QOperator format."""

    def scale(self, value, zero=0, dtype="int8"):
        return [self.constant(np.float32(value)), self.constant(zero, dtype)]

    def input(self, *scale):
        q = self.node("QuantizeLinear", ["x", *self.scale(*scale)])
        return [q, *self.scale(*scale)]

    def finish(self, q, *scale):
        self.node("DequantizeLinear", [q, *self.scale(*scale)], "y")


def agrees(b, tmp_path, at_most=0.001):
    graph = integer_graph(save(b.model(), tmp_path))
    steps = output_steps(b.model(), graph, b.samples())
    assert np.abs(steps).max() <= 1
    assert np.mean(steps != 0) <= at_most
    return graph


@pytest.mark.parametrize("opset", [10, 13, 21])
@pytest.mark.parametrize("channels", [1, 4])
def test_convolution(tmp_path, opset, channels):
    b = QOperator((1, 3, 7, 7), opset=opset)
    weights = b.constant(b.rng.integers(-127, 127, (4, 3, 3, 3)), "int8")
    scale = b.rng.uniform(0.01, 0.02, channels).astype(np.float32)
    weight_scale = b.constant(scale if channels > 1 else scale[0])
    weight_zero = b.constant(np.zeros(channels, int) if channels > 1 else 0, "int8")
    bias = b.constant(np.array([100, -2000, 0, 30000], np.int32))
    x = b.input(0.0217, 140, "uint8")
    y = b.scale(0.0613, 120, "uint8")
    q = b.node("QLinearConv", [*x, weights, weight_scale, weight_zero, *y, bias], pads=[1] * 4)
    b.finish(q, 0.0613, 120, "uint8")
    (node,) = agrees(b, tmp_path).nodes
    assert node.bias.tolist() == [100, -2000, 0, 30000]
    assert "qlinearconv" in node.name


@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize("trans_b", [0, 1])
def test_gemm(tmp_path, per_column, trans_b):
    b = QOperator((1, 12))
    weights = b.constant(b.rng.integers(-127, 127, (5, 12) if trans_b else (12, 5)), "int8")
    scale = np.float32(0.0131)
    zero = 0
    if per_column:
        scale = b.rng.uniform(0.01, 0.02, 5).astype(np.float32)
        zero = np.zeros(5, int)
    bias = b.constant(np.arange(-2000, 3000, 1000, dtype=np.int32))
    inputs = [*b.input(0.0217, 3), weights, b.constant(scale), b.constant(zero, "int8"), bias]
    q = b.node("QGemm", [*inputs, *b.scale(0.0413, -7)], domain=MS, transB=trans_b, alpha=0.5)
    b.finish(q, 0.0413, -7)
    (node,) = agrees(b, tmp_path).nodes
    assert node.bias.tolist() == [-2000, -1000, 0, 1000, 2000]


def test_matrix_product_per_column(tmp_path):
    b = QOperator((1, 12))
    weights = b.constant(b.rng.integers(-127, 127, (12, 5)), "int8")
    scale = b.constant(b.rng.uniform(0.01, 0.02, 5).astype(np.float32))
    zeros = b.constant(np.zeros(5, int), "int8")
    q = b.node("QLinearMatMul", [*b.input(0.0217, 3), weights, scale, zeros, *b.scale(0.0613)])
    b.finish(q, 0.0613)
    agrees(b, tmp_path)


def test_elementwise_operators(tmp_path):
    b = QOperator((1, 4, 6, 6))
    x = b.input(0.0217, 3)
    total = b.node("QLinearAdd", [*x, *x, *b.scale(0.0381, -2)], domain=MS)
    product = b.node(
        "QLinearMul", [total, *b.scale(0.0381, -2), *x, *b.scale(0.0717, 5)], domain=MS
    )
    joined = b.node(
        "QLinearConcat",
        [*b.scale(0.0611, 1), total, *b.scale(0.0381, -2), product, *b.scale(0.0717, 5)],
        domain=MS,
        axis=1,
    )
    curve = b.node(
        "QLinearSigmoid", [joined, *b.scale(0.0611, 1), *b.scale(1 / 255, -128)], domain=MS
    )
    mean = b.node(
        "QLinearGlobalAveragePool",
        [curve, *b.scale(1 / 255, -128), *b.scale(1 / 277, -127)],
        domain=MS,
    )
    flat = b.node("Flatten", [mean])
    b.finish(flat, 1 / 277, -127)
    graph = integer_graph(save(b.model(), tmp_path))
    assert [type(node).__name__ for node in graph.nodes][:5] == [
        *("QAdd", "QMultiply", "QConcat", "QFunction", "QAveragePool")
    ]
    steps = output_steps(b.model(), graph, b.samples())
    assert np.abs(steps).max() <= 1


def test_average_pool(tmp_path):
    b = QOperator((1, 4, 6, 6))
    inputs = [*b.input(0.0217, 3), *b.scale(0.0131, 9)]
    q = b.node("QLinearAveragePool", inputs, domain=MS, kernel_shape=[3, 2], strides=[2, 2])
    b.finish(q, 0.0131, 9)
    agrees(b, tmp_path)


def test_leaky_relu_keeps_its_slope(tmp_path):
    b = QOperator((1, 4, 6, 6))
    inputs = [*b.input(0.0217, 3), *b.scale(0.0131, 9)]
    b.finish(b.node("QLinearLeakyRelu", inputs, domain=MS, alpha=0.3), 0.0131, 9)
    (node,) = agrees(b, tmp_path, 0.01).nodes
    assert node.parameters == pytest.approx((0.3,))


def test_softmax_stays_with_the_host(tmp_path):
    b = QOperator((1, 12))
    x = b.input(0.0217, 3)
    weights = [b.constant(b.rng.integers(-127, 127, (12, 5)), "int8"), *b.scale(0.0131)]
    logits = b.node("QLinearMatMul", [*x, *weights, *b.scale(0.0613, 1)])
    inputs = [logits, *b.scale(0.0613, 1), *b.scale(1 / 256, -128)]
    b.finish(b.node("QLinearSoftmax", inputs, domain=MS, axis=1, opset=21), 1 / 256, -128)
    graph = integer_graph(save(b.model(), tmp_path))
    assert graph.host_postprocess[0] == "Softmax(axis=1)"


def test_channels_last(tmp_path):
    b = QOperator((1, 4, 6, 6))
    inputs = [*b.input(0.0217, 3), *b.scale(0.0131, 9)]
    q = b.node("QLinearGlobalAveragePool", inputs, "last", domain=MS, channels_last=1)
    b.finish(q, 0.0131, 9)
    with pytest.raises(UnsupportedError, match=r"QLinearGlobalAveragePool 'the_last'.*QDQ format"):
        integer_graph(save(b.model(), tmp_path))
