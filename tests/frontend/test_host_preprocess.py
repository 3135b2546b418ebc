"""What the host does to inputs of float networks: accuracy where one scale would lose it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import model as make_model
from onnx_models import node, normal, save
from qdq_reference import run_onnxruntime

from nnhw import build, run_design
from nnhw.data import load_data
from nnhw.frontend import load_model, write_qdq
from nnhw.golden import dequantize, quantize_inputs, run
from nnhw.host_preprocess import choose_host_preprocess
from nnhw.ir import Batch, Graph, HostRule, from_channels_last, host_rule
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize, run_float

CONSTANTS = {"w": normal(16, 8, seed=1), "b": normal(16, seed=2)}
OPTIONS = QuantizeOptions()


def uniform(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def dense(*front: tuple[str, np.ndarray], **constants: np.ndarray) -> onnx.ModelProto:
    """Some arithmetic of 8 features, then a matrix product."""
    nodes, value = [], "x"
    for index, (operator, operand) in enumerate(front):
        constants[f"k{index}"] = np.asarray(operand, np.float32)
        nodes.append(node(operator, f"{value} k{index}", f"t{index}"))
        value = f"t{index}"
    nodes.append(node("Gemm", f"{value} w b", "y", transB=1))
    return make_model(nodes, ["N", 8], CONSTANTS | constants)


def convolution(*front: tuple[str, np.ndarray], pads: int = 1) -> onnx.ModelProto:
    """Some arithmetic of an image, then two convolutions."""
    constants = {"v": normal(6, 3, 3, 3, seed=3), "u": normal(4, 6, 1, 1, seed=4)}
    nodes, value = [], "x"
    for index, (operator, operand) in enumerate(front):
        constants[f"k{index}"] = np.asarray(operand, np.float32).reshape(-1, 1, 1)
        nodes.append(node(operator, f"{value} k{index}", f"t{index}"))
        value = f"t{index}"
    nodes += [
        node("Conv", f"{value} v", "c", pads=[pads] * 4),
        node("Relu", "c", "r"),
        node("Conv", "r u", "y"),
    ]
    return make_model(nodes, ["N", 3, 6, 6], constants)


class Quantized:
    """A network, calibrated on a half of some samples and measured on the other."""

    def __init__(
        self,
        model: onnx.ModelProto,
        folder: Path,
        options: QuantizeOptions = OPTIONS,
        **samples: np.ndarray,
    ) -> None:
        np.savez(folder / "data.npz", **samples)
        self.path = save(model, folder)
        self.network = load_model(self.path)
        x = load_data(folder / "data.npz", self.network).x[:]
        assert isinstance(x, Batch)
        calibration, self.samples = x[::2], x[1::2]
        chosen = choose_host_preprocess(self.network, calibration, options)
        self.simplified = simplify_graph(chosen)
        self.graph: Graph = quantize(self.simplified, calibration, options)
        self._given = {name: array[1::2] for name, array in samples.items()}

    def rule(self, index: int = 0) -> HostRule:
        port = self.graph.inputs[index]
        return host_rule(port.host_preprocess, self.graph.tensors[port.tensor].q)

    def decibels(self) -> float:
        """Deviation of the first output from its mean against noise."""
        before, after = self.network.outputs[0], self.graph.outputs[0]
        exact = run_float(self.network, self.samples)[before.tensor].astype(np.float64)
        q = run(self.graph, quantize_inputs(self.graph, self.samples))[after.tensor]
        noise = exact - dequantize(q, self.graph.tensors[after.tensor].q)
        signal = exact - exact.mean(axis=0)
        return float(10 * np.log10(np.square(signal).sum() / np.square(noise).sum()))

    def check_exported_model(self, folder: Path) -> None:
        """onnxruntime makes the same integers of every input."""
        write_qdq(self.graph, folder / "model.qdq.onnx")
        ports = self.graph.inputs
        arrays = ["x"] if len(ports) == 1 else [port.onnx_name for port in ports]
        given = {
            port.onnx_name: self._given[name].astype(np.float32)
            for port, name in zip(ports, arrays, strict=True)
        }
        names = [f"{port.tensor}_quantized" for port in ports]
        found = run_onnxruntime(folder / "model.qdq.onnx", given, names)
        q = quantize_inputs(self.graph, self.samples)
        for port, integers in zip(ports, found, strict=True):
            expected = from_channels_last(q.arrays[port.tensor], port)
            np.testing.assert_array_equal(integers.reshape(expected.shape), expected)


@pytest.fixture(scope="module")
def around_zero(tmp_path_factory: pytest.TempPathFactory) -> Quantized:
    """What is reached where one scale suits all features."""
    return Quantized(dense(), tmp_path_factory.mktemp("zero"), x=uniform(400, 8))


def test_around_zero_nothing_changes(around_zero: Quantized) -> None:
    assert around_zero.graph.inputs[0].host_preprocess == ()
    assert around_zero.decibels() > 34


@pytest.mark.parametrize("offset", [100.0, 1e3, 1e6])
def test_far_from_zero(offset: float, around_zero: Quantized, tmp_path: Path) -> None:
    # At 1e6 float32 itself has steps of 1/16: the samples are what is left of them.
    x = (uniform(400, 8) + offset).astype(np.float32)
    made = Quantized(dense(("Sub", np.float32(offset))), tmp_path, x=x)
    assert made.decibels() > around_zero.decibels() - 0.5
    assert made.rule().offset.tolist() == [offset]
    assert made.rule().scale.shape == (1,)
    made.check_exported_model(tmp_path)


def test_an_offset_that_the_bias_hides(around_zero: Quantized, tmp_path: Path) -> None:
    bias = CONSTANTS["b"] - 100 * CONSTANTS["w"].sum(axis=1)
    made = Quantized(dense(b=bias), tmp_path, x=uniform(400, 8) + 100)
    assert made.decibels() > around_zero.decibels() - 0.5
    assert made.rule().offset.tolist() == [100]


@pytest.mark.parametrize("ratio", [1e3, 1e6])
def test_unequal_features(ratio: float, around_zero: Quantized, tmp_path: Path) -> None:
    ranges = np.geomspace(1, ratio, 8).astype(np.float32)
    x = uniform(400, 8) * ranges + 3 * ranges[::-1]
    made = Quantized(dense(("Sub", 3 * ranges[::-1]), ("Div", ranges)), tmp_path, x=x)
    assert made.decibels() > around_zero.decibels() - 0.5
    assert made.rule().scale.shape == (8,)
    made.check_exported_model(tmp_path)
    if ratio > 1e3:  # float32 cannot subtract as much in a matrix product
        return
    # It is the samples that decide, not the operators: here the ranges are in the weights.
    weights = dense(
        w=CONSTANTS["w"] / ranges, b=CONSTANTS["b"] - CONSTANTS["w"] @ (3 * ranges[::-1] / ranges)
    )
    assert Quantized(weights, tmp_path, x=x).decibels() > around_zero.decibels() - 1


def test_a_constant_feature(tmp_path: Path) -> None:
    """It divides by no zero, keeps its value exactly, and has room to vary."""
    mean = np.array([70, 71, 7.3, 73, 74, 0, 76, 77], np.float32)
    deviation = np.array([1, 20, 0, 5, 5, 0, 1, 1], np.float32)
    x = uniform(400, 8) * deviation + mean
    w = CONSTANTS["w"] / np.maximum(deviation, 1)
    made = Quantized(dense(w=w, b=CONSTANTS["b"] - w @ mean), tmp_path, x=x)
    assert made.rule().scale.shape == (8,)
    assert made.decibels() > 36
    q = quantize_inputs(made.graph, made.samples).arrays["x"]
    assert (q[..., [2, 5]] == made.rule().zero_point).all()
    varied = made.samples.map(lambda _, array: array + np.float32(0.1))
    later = quantize_inputs(made.graph, varied).arrays["x"]
    assert (later[..., [2, 5]] > q[..., [2, 5]]).all()
    assert (later[..., [2, 5]] < 127).all()


def test_integers_only_lose_an_offset(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for lo, hi, zero_point in [(0, 255, -128), (0, 16, -128), (3, 90, -128), (-100, 100, 0)]:
        x = rng.integers(lo, hi, (60, 3, 6, 6), endpoint=True)
        made = Quantized(convolution(), tmp_path, x=x)
        rule = made.rule()
        assert (rule.steps, rule.offset.tolist(), rule.scale.tolist()) == ((), [0], [1])
        assert rule.zero_point == zero_point
        q = quantize_inputs(made.graph, made.samples).arrays["x"]
        np.testing.assert_array_equal(q.astype(int), made.samples.arrays["x"] + zero_point)


def test_integers_far_from_zero(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(1000, 1200, (400, 8))
    made = Quantized(dense(("Sub", np.float32(1100))), tmp_path, x=x)
    assert made.rule().scale.tolist() == [1]
    assert made.rule().offset.tolist() == [1100]
    assert made.decibels() > 37


MEAN, DEVIATION = np.array([5, -100, 1e4]), np.array([1, 30, 1000])


@pytest.mark.parametrize("pads", [0, 1])
def test_normalization_before_padding(pads: int, tmp_path: Path) -> None:
    """Padding is zero behind the normalization: there the host's zero point is its mean."""
    image = uniform(60, 3, 6, 6)
    x = image * DEVIATION.reshape(-1, 1, 1) + MEAN.reshape(-1, 1, 1)
    made = Quantized(convolution(("Sub", MEAN), ("Div", DEVIATION), pads=pads), tmp_path, x=x)
    plain = Quantized(convolution(pads=pads), tmp_path, x=image)
    assert made.decibels() > plain.decibels() - 1
    assert len(made.graph.nodes) == len(plain.graph.nodes) == 2
    Quantized(
        convolution(("Sub", MEAN), ("Div", DEVIATION), pads=pads), tmp_path, x=x
    ).check_exported_model(tmp_path)


def test_padding_of_zeros_keeps_zero(tmp_path: Path) -> None:
    """Zero has to be the zero point, as it pads; the scales may differ."""
    x = uniform(60, 3, 6, 6) * DEVIATION.reshape(-1, 1, 1)
    made = Quantized(convolution(("Div", DEVIATION)), tmp_path, x=x)
    plain = Quantized(convolution(), tmp_path, x=uniform(60, 3, 6, 6))
    assert made.decibels() > plain.decibels() - 1
    assert not made.rule().offset.any()
    assert made.rule().scale.shape == (3,)


def test_normalization_takes_no_layer(tmp_path: Path) -> None:
    """Images from 0 to 1, which need nothing: but padding kept the normalization a layer."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = np.abs(uniform(60, 3, 6, 6))
    made = Quantized(convolution(("Sub", mean), ("Div", deviation)), tmp_path, x=x)
    assert len(made.graph.nodes) == 2
    np.testing.assert_allclose(made.rule().offset, mean, rtol=1e-6)


def test_operators_that_need_the_values(tmp_path: Path) -> None:
    """A function cannot undo a scale of each channel; what it needs is left as it is."""
    nodes = [node("Sigmoid", "x", "s"), node("Gemm", "s w b", "y", transB=1)]
    model = make_model(nodes, ["N", 8], CONSTANTS)
    x = uniform(400, 8) * np.geomspace(0.1, 10, 8).astype(np.float32)
    made = Quantized(model, tmp_path, x=x)
    assert made.graph.inputs[0].host_preprocess == ()


def test_several_inputs_and_readers(tmp_path: Path) -> None:
    """Each input has a rule of its own, and every reader undoes it for itself."""
    ranges = np.geomspace(0.1, 1, 8).astype(np.float32)
    graph = helper.make_graph(
        [
            node("Sub", "far c", "centred"),
            node("Gemm", "centred w b", "one", transB=1),
            node("Gemm", "centred v b", "two", transB=1),
            node("Concat", "centred near", "both", axis=1),
            node("Gemm", "both u b", "three", transB=1),
            node("Add", "one two", "sum"),
            node("Add", "sum three", "y"),
        ],
        "test",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 8]) for n in ("far", "near")],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 16])],
        [
            numpy_helper.from_array(array, name)
            for name, array in {
                "w": CONSTANTS["w"],
                "v": normal(16, 8, seed=5),
                "u": normal(16, 16, seed=6),
                "b": np.zeros(16, np.float32),
                "c": 20 * ranges,
            }.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    far = uniform(400, 8) * ranges + 20 * ranges
    made = Quantized(model, tmp_path, far=far, near=uniform(400, 8, seed=9))
    far_rule, near_rule = made.rule(0), made.rule(1)
    assert far_rule.offset.shape == (8,)
    assert made.decibels() > 30
    assert near_rule.scale.shape == (1,)
    assert not near_rule.offset.any()
    made.check_exported_model(tmp_path)


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse", "entropy"])
def test_methods_and_widths(method: str, tmp_path: Path) -> None:
    ranges = np.geomspace(1, 100, 8).astype(np.float32)
    options = QuantizeOptions(calibration_method=method, activation_bits=6)
    made = Quantized(
        dense(("Sub", 4 * ranges), ("Div", ranges)),
        tmp_path,
        options,
        x=uniform(400, 8) * ranges + 4 * ranges,
    )
    assert made.decibels() > 24
    assert made.graph.tensors["x"].q.bits == 6
    made.check_exported_model(tmp_path)


def test_build_and_run(tmp_path: Path) -> None:
    """A whole build with its simulation, the numbers in its manifest, and a run of it."""
    ranges = np.array([1, 10, 100, 1000, 1, 10, 100, 1000], np.float32)
    x = uniform(60, 8) * ranges + 2000
    np.savez(tmp_path / "data.npz", x=x)
    result = build(
        save(dense(("Sub", np.float32(2000)), ("Div", ranges)), tmp_path),
        data=tmp_path / "data.npz",
        out=tmp_path / "out",
        macs=8,
        vectors=3,
    )
    report = result.report
    assert report.verification is not None
    assert report.verification.passed
    assert report.accuracy is not None
    assert report.accuracy.sqnr_db is not None
    assert report.accuracy.sqnr_db > 35
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["input"]["scale"] is None
    rule = manifest["inputs"][0]["host_preprocess"]
    assert rule["steps"] == []
    # What an engineer makes of the manifest is what the testbench sends.
    offset, scale = (np.float32(rule[key]) for key in ("offset", "scale"))
    q = np.clip(np.rint((x - offset) / scale) + rule["zero_point"], -128, 127).astype(np.int8)
    sent = np.load(tmp_path / "out" / "sim" / "vectors.npz")["input"][:3].view(np.int8)
    assert all((q == frame).all(axis=1).any() for frame in sent)
    found = run_design(tmp_path / "out", tmp_path / "data.npz").outputs["y"]
    exact = (x - 2000) / ranges @ CONSTANTS["w"].T + CONSTANTS["b"]
    assert np.square(found - exact).sum() < 1e-3 * np.square(exact).sum()
