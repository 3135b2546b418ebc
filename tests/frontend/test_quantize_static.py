"""All that onnxruntime.quantization writes, made on the spot, against onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import save
from quantized_reference import compare, integer_graph
from static_networks import (
    NETWORKS,
    SETTINGS,
    Setting,
    quantized_dynamically,
    quantized_statically,
    samples,
    stored_integers,
)

from nnhw import build
from nnhw.errors import DataError
from nnhw.frontend import load_model, write_qdq
from nnhw.ir import Conv, DynamicQuantize, QConv
from nnhw.passes import simplify_graph
from nnhw.reference import consult_file
from nnhw.report.text import summary_rows

U8U8 = Setting("QUInt8", "QUInt8", "QDQ", False)
S8S8 = Setting("QInt8", "QInt8", "QOperator", True)
WIDE = Setting("QUInt8", "QUInt8", "QOperator", True)

ON_TIES = {"bilinear", "functions"}
"""Networks of averages that lie on ties, which onnxruntime computes in float32 and falls on either
side; where it interpolates integers, it cuts them off."""

NORMALIZED = {"digits_resnet": 0.003}
"""Share of elements that may be a step off where batch normalization stands between two roundings:
its offset is rounded to a part of an input step."""


def data_file(network, folder):
    x = samples(network)
    np.savez(folder / "data.npz", x=x)
    return folder / "data.npz"


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("network", NETWORKS)
def test_integers_are_onnxruntimes(tmp_path, network, setting):
    path = quantized_statically(network, setting, tmp_path)
    x = samples(network)
    comparison = compare(path, integer_graph(path, x.transpose(0, 2, 3, 1)), x)
    if network not in ON_TIES and network not in NORMALIZED:
        comparison.check()
        return
    assert comparison.apart
    for steps in comparison.apart.values():
        assert np.abs(steps).max() <= 1
        assert np.count_nonzero(steps) <= NORMALIZED.get(network, 1) * steps.size


def built(path, network, folder, **options):
    return build(
        path, data=data_file(network, folder), out=folder / "out", macs=16, vectors=2, **options
    )


@pytest.mark.parametrize("setting", [U8U8, S8S8, WIDE], ids=str)
def test_build(tmp_path, setting):
    path = quantized_statically("digits_cnn", setting, tmp_path)
    result = built(path, "digits_cnn", tmp_path, sim=False)
    # The reading has been compared with what the file answers, and hardly a step is different.
    assert result.report.reference.compared_samples
    sqnr = result.report.accuracy.sqnr_db
    assert sqnr is None or sqnr > 50


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_build_is_simulated(tmp_path, network, setting):
    path = quantized_statically(network, setting, tmp_path)
    assert built(path, network, tmp_path).report.verification.passed


def test_weights_of_nine_bits_are_simulated(tmp_path):
    path = quantized_statically("moves", U8U8, tmp_path)
    result = built(path, "moves", tmp_path, technology="ice40")
    report = result.report
    assert report.verification.passed
    wide = report.wide_weights
    assert wide.weight_bits == 9
    assert wide.memory_bits * 9 == report.memory_bits["weights"]
    assert (wide.products_a_cell, wide.byte_products_a_cell) == (1, 2)


@pytest.mark.parametrize(
    ("technology", "products"), [("portable", 1), ("ecp5", 1), ("gowin", 1), ("xilinx7", 2)]
)
def test_what_wide_weights_cost(tmp_path, technology, products):
    path = quantized_statically("moves", U8U8, tmp_path)
    report = built(path, "moves", tmp_path, technology=technology, sim=False).report
    assert report.wide_weights.products_a_cell == 1
    assert report.wide_weights.byte_products_a_cell == products
    lines = dict(summary_rows(report))
    assert lines["weights"].startswith("9 bits, as weights less their zero points are in ")
    assert ("a multiplier cell holds 1 product" in lines["weights"]) == (products == 2)


@pytest.mark.parametrize("setting", [U8U8, WIDE], ids=str)
@pytest.mark.parametrize("network", ["digits_cnn", "mobile"])
def test_numbers_and_zero_points_survive(tmp_path, network, setting):
    """All weights of the file are in model.qdq.onnx, and their zero points."""
    path = quantized_statically(network, setting, tmp_path)
    graph = integer_graph(path, samples(network).transpose(0, 2, 3, 1))
    assert any(n.weight_bits == 9 for n in graph.nodes if isinstance(n, QConv))
    write_qdq(graph, tmp_path / "again.onnx")
    found = [sorted(a.ravel().tolist()) for a in stored_integers(tmp_path / "again.onnx")]
    for array in stored_integers(path):
        assert sorted(array.ravel().tolist()) in found
    # And the file comes back as the same network.
    again = integer_graph(tmp_path / "again.onnx")
    weights, others = (
        [(n.weight, n.weight_zero_point) for n in g.nodes if isinstance(n, QConv)]
        for g in (graph, again)
    )
    for (weight, zero), (other, other_zero) in zip(weights, others, strict=True):
        np.testing.assert_array_equal(weight, other)
        np.testing.assert_array_equal(zero, other_zero)


@pytest.mark.parametrize(
    "options",
    [
        {"WeightSymmetric": False},
        {"ActivationSymmetric": True},
        {"AddQDQPairToWeight": True},
        {"DedicatedQDQPair": True},
        {"QuantizeBias": False},
        {"QDQKeepRemovableActivations": True},
        {"UseQDQContribOps": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_extra_options(tmp_path, options):
    path = quantized_statically("digits_cnn", U8U8, tmp_path, **options)
    x = samples("digits_cnn")
    compare(path, integer_graph(path, x.transpose(0, 2, 3, 1)), x).check()


@pytest.mark.parametrize("weights", ["QInt8", "QUInt8"])
@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_dynamic_quantization_keeps_weights(tmp_path, network, weights):
    path = quantized_dynamically(network, weights, True, tmp_path)
    network_as_read = load_model(path)
    assert any(isinstance(node, DynamicQuantize) for node in network_as_read.nodes)
    graph = integer_graph(path, samples(network).transpose(0, 2, 3, 1))
    write_qdq(graph, tmp_path / "again.onnx")
    found = [sorted(a.ravel().tolist()) for a in stored_integers(tmp_path / "again.onnx")]
    for array in stored_integers(path):
        assert sorted(array.ravel().tolist()) in found


def test_dynamic_quantization_is_built(tmp_path):
    path = quantized_dynamically("digits_mlp", "QUInt8", False, tmp_path)
    with pytest.raises(DataError, match="Quantization needs samples"):
        build(path, out=tmp_path / "out")
    report = built(path, "digits_mlp", tmp_path).report
    assert report.verification.passed
    # What the file rounds is part of the reading, which is compared with the file ...
    assert report.reference.compared_samples
    # ... but not of the hardware, so that its distance is reported.
    assert 20 < report.accuracy.sqnr_db < 60
    assert "near the file's" in dict(summary_rows(report))["activations"]


@pytest.mark.slow
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("weights", ["QInt8", "QUInt8"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_dynamic_build_is_simulated(tmp_path, network, weights, per_channel):
    path = quantized_dynamically(network, weights, per_channel, tmp_path)
    assert built(path, network, tmp_path).report.verification.passed


@pytest.mark.parametrize("operator", ["DynamicQuantizeMatMul", "MatMulIntegerToFloat"])
@pytest.mark.parametrize("with_bias", [False, True])
def test_fused_dynamic_products(tmp_path, operator, with_bias):
    rng = np.random.default_rng(3)
    constants = {
        "w": rng.integers(0, 255, (6, 4)).astype(np.uint8),
        "s": rng.uniform(0.01, 0.02, 4).astype(np.float32),
        "z": rng.integers(100, 150, 4).astype(np.uint8),
        "b": rng.normal(size=4).astype(np.float32),
    }
    bias = "b" if with_bias else ""
    if operator == "DynamicQuantizeMatMul":
        nodes = [helper.make_node(operator, ["x", "w", "s", "z", bias], ["y"], "product")]
    else:
        nodes = [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"], "dynamic"),
            helper.make_node(operator, ["q", "w", "qs", "s", "qz", "z", bias], ["y"], "product"),
        ]
    nodes[-1].domain = "com.microsoft"
    made = onnx.helper.make_model(
        helper.make_graph(
            nodes,
            "fused",
            [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 6))],
            [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 4))],
            [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )
    path = save(made, tmp_path)
    network = load_model(path)
    assert consult_file(path, network, None, 0).compared_samples
    (conv,) = [node for node in simplify_graph(network).nodes if isinstance(node, Conv)]
    np.testing.assert_array_equal(conv.weight_zero_point, constants["z"])


@pytest.mark.parametrize("batch", [1, 8, "N"])
def test_a_batch_of_dynamic_quantization(tmp_path, batch):
    """Each sample has the ranges that it has alone."""
    path = quantized_dynamically("digits_mlp", "QInt8", False, tmp_path)
    made = onnx.load(path)
    first = made.graph.input[0].type.tensor_type.shape.dim[0]
    first.Clear()
    if batch == "N":
        first.dim_param = batch
    else:
        first.dim_value = batch
    del made.graph.value_info[:]
    made.graph.output[0].type.tensor_type.shape.dim[0].Clear()
    network = load_model(save(made, tmp_path))
    assert network.inputs[0].onnx_shape == (1, 8, 8)
