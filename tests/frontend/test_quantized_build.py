"""Builds of models that arrive quantized."""

import json

import numpy as np
import pytest
from onnx_models import save
from quantized_models import Qdq
from test_quantized_qonnx import Network
from test_quantized_qonnx import small as small_qonnx

from nnhw import build
from nnhw.errors import DataError, QuantizationError
from nnhw.ir import QConv


def network() -> Qdq:
    """uint8 activations and every operator that requantizes."""
    b = Qdq((1, 3, 6, 6))
    x = b.qdq("x", 0.02, 128, "uint8")
    left = b.qdq(b.node("Conv", [x, b.weights((4, 3, 3, 3))], pads=[1] * 4), 0.11, 130, "uint8")
    right = b.qdq(b.node("Conv", [x, b.weights((4, 3, 1, 1))]), 0.07, 99, "uint8")
    total = b.qdq(b.node("Relu", [b.node("Add", [left, right])]), 0.083, 0, "uint8")
    pooled = b.node("MaxPool", [total], kernel_shape=[2, 2], strides=[2, 2])
    mean = b.qdq(b.node("AveragePool", [pooled], kernel_shape=[2, 2]), 0.041, 0, "uint8")
    flat = b.node("Flatten", [mean])
    b.qdq(b.node("Gemm", [flat, b.weights((5, 16))], transB=1), 0.09, 7, "int8", "y")
    return b


def test_without_data(tmp_path):
    result = build(save(network().model(), tmp_path), out=tmp_path / "out", macs=16, vectors=2)
    report = result.report
    assert report.verification is not None
    assert report.verification.passed
    assert report.verification.frames == 4  # two extreme ones, two random ones
    assert report.accuracy is None
    assert report.source.data is None
    kinds = np.load(tmp_path / "out" / "sim" / "vectors.npz")["kind"].tolist()
    assert kinds == ["all-minimum", "all-maximum", "random", "random"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    # The stream carries signed numbers, whatever the model's own type.
    assert manifest["input"]["dtype"] == "int8"
    assert manifest["input"]["zero_point"] == 0
    assert manifest["input"]["scale"] == float(np.float32(0.02))
    assert manifest["output"]["zero_point"] == 7


def test_with_data(tmp_path):
    b = network()
    np.savez(tmp_path / "data.npz", x=b.samples(40), y=np.arange(40) % 5)
    report = build(
        save(b.model(), tmp_path),
        data=tmp_path / "data.npz",
        out=tmp_path / "out",
        macs=16,
        sim=False,
    ).report
    assert report.accuracy is not None
    assert report.accuracy.samples == 40
    assert report.accuracy.held_out
    assert report.accuracy.agreement is not None
    assert report.accuracy.agreement > 90
    assert report.accuracy.float_top1 is not None


def test_widths_of_activations_are_the_models(tmp_path):
    with pytest.raises(QuantizationError, match="already quantized and keeps its own numbers"):
        build(save(network().model(), tmp_path), out=tmp_path / "out", act_bits=6)


def test_weights_can_be_narrower(tmp_path):
    """They are chosen by data; activations keep their numbers."""
    b = network()
    path = save(b.model(), tmp_path)
    with pytest.raises(DataError, match=r"fewer bits are asked for than its weights have"):
        build(path, out=tmp_path / "out", weight_bits=4)
    np.savez(tmp_path / "data.npz", x=b.samples(40))
    files = {"data": tmp_path / "data.npz", "out": tmp_path / "out"}
    gemm = next(node.name for node in b.nodes if node.op_type == "Gemm")
    own, narrow, mixed = (
        build(path, **files, stop="quantize", **options).state.whole
        for options in ({}, {"weight_bits": 4}, {"bits": {gemm: 5}})
    )
    widths = [[n.weight_bits for n in g.nodes if isinstance(n, QConv)] for g in (own, narrow)]
    assert widths == [[8, 8, 8], [4, 4, 4]]
    assert [n.weight_bits for n in mixed.nodes if isinstance(n, QConv)] == [8, 8, 5]
    for graph in (narrow, mixed):
        assert {n: t.q for n, t in graph.tensors.items()} == {
            n: t.q for n, t in own.tensors.items()
        }
    report = build(path, **files, macs=16, vectors=2, weight_bits=4).report
    assert report.verification.passed


def test_wider_weights_than_the_models_own_are_refused(tmp_path):
    path = save(small_qonnx().model(), tmp_path)
    with pytest.raises(QuantizationError, match="leave out the option weight_bits"):
        build(path, out=tmp_path / "out", weight_bits=7)


def test_four_bit_activations_and_three_bit_weights(tmp_path):
    path = save(small_qonnx().model(), tmp_path)
    report = build(path, out=tmp_path / "out", macs=16, vectors=2).report
    assert report.verification is not None
    assert report.verification.passed


def test_output_that_needs_calibration(tmp_path):
    b = Network()
    b.quant("x", "xq", 0.0317, 8)
    b.node("Conv", ["xq", b.weights("w", (4, 3, 1, 1), 4)], "y")
    path = save(b.model(), tmp_path)
    with pytest.raises(DataError, match="Quantization needs samples"):
        build(path, out=tmp_path / "out")
    np.savez(tmp_path / "data.npz", x=b.samples(40))
    report = build(
        path, data=tmp_path / "data.npz", out=tmp_path / "out", macs=16, sim=False
    ).report
    assert report.accuracy is not None
    assert report.accuracy.samples == 20  # half of them have calibrated the output
    assert report.accuracy.sqnr_db is not None
    assert report.accuracy.sqnr_db > 30


def test_qonnx_input_that_needs_calibration(tmp_path):
    b = Network()
    b.node("Conv", ["x", b.weights("w", (4, 3, 3, 3), 4)], "c")
    b.quant("c", "y", 0.05, 8)
    path = save(b.model(), tmp_path)
    with pytest.raises(DataError, match="Input 'x' of a quantized model is not quantized"):
        build(path, out=tmp_path / "out")
    np.savez(tmp_path / "data.npz", x=b.samples(40))
    report = build(
        path, data=tmp_path / "data.npz", out=tmp_path / "out", macs=16, sim=False
    ).report
    assert report.accuracy.sqnr_db > 30
    assert report.layers[0].weight_bits == 4
