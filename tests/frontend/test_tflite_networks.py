"""Whole TFLite files: what is built of them, and what is refused."""

import sys
import time

import numpy as np
import pytest

pytest.importorskip("tflite", reason="the extra 'tflite' is not installed")

from tflite_cases import CASES, Case
from tflite_models import Tflite
from tflite_reference import LiteRt, integer_answers

from nnhw import build
from nnhw.budget import memory_budget
from nnhw.errors import BudgetError, ModelError, NnhwError, ToolError, UnsupportedError
from nnhw.frontend import load_model, read_summary
from nnhw.frontend.tflite import file as tflite_file
from nnhw.ir import Conv

CONV = {"DilationWFactor": 1, "DilationHFactor": 1, "Padding": 0}
"""Options of CONV_2D."""


def small() -> bytes:
    """An int8 network of every kind of layer, whose batch size is open and computed with."""
    c = Case("int8")
    f = c.file
    x = c.tensor([1, 8, 8, 3], signature=[-1, 8, 8, 3], name="image")
    features = c.tensor([1, 4, 4, 8], 0.117, -128, name="block/Relu;block/BiasAdd;block/Conv2D")
    operands = [x, c.weights([8, 3, 3, 3], 0), c.bias(8)]
    options = CONV | {"StrideW": 2, "StrideH": 2, "FusedActivationFunction": 1}
    f.operator("CONV_2D", operands, [features], "Conv2DOptions", **options)
    pooled = c.tensor([1, 2, 2, 8], 0.117, -128)
    window = {"StrideW": 2, "StrideH": 2, "FilterWidth": 2, "FilterHeight": 2, "Padding": 1}
    f.operator("MAX_POOL_2D", [features], [pooled], "Pool2DOptions", **window)
    # What Keras writes for Flatten of a batch of unknown size.
    shape, batch, both = f.tensor([4], "int32"), f.tensor([], "int32"), f.tensor([2], "int32")
    f.operator("SHAPE", [pooled], [shape], "ShapeOptions", OutType=2)
    slices = [c.integers([0]), c.integers([1]), c.integers([1])]
    f.operator("STRIDED_SLICE", [shape, *slices], [batch], "StridedSliceOptions", ShrinkAxisMask=1)
    f.operator("PACK", [batch, c.integers(32)], [both], "PackOptions", ValuesCount=2)
    flat, scores = c.tensor([1, 32], 0.117, -128), c.tensor([1, 5], 0.29, 4, name="scores")
    f.operator("RESHAPE", [pooled, both], [flat])
    c.SCALE = 0.117
    operands = [flat, c.weights([5, 32], 0), c.bias(5)]
    f.operator("FULLY_CONNECTED", operands, [scores], "FullyConnectedOptions")
    return f.file([x], [scores])


@pytest.fixture
def small_file(tmp_path):
    path = tmp_path / "small.tflite"
    path.write_bytes(small())
    return path


def test_small_network_in_hardware(small_file, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    file = LiteRt(small_file.read_bytes())
    samples = file.samples(40)
    x = samples["image"]
    (wanted,), (port,) = file.answers(samples), file.outputs
    result = build(small_file, data=x, out=tmp_path / "out", macs=16, vectors=2)
    assert result.report.verification is not None
    assert result.report.verification.passed
    assert result.report.reference.compared_samples == 8
    ours = np.rint(port.steps(result.run(x).y)).reshape(40, 5)
    difference = np.abs(ours - wanted.reshape(40, 5))
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.95


def test_needs_no_data(small_file):
    assert build(small_file, stop="trim").state.graph.outputs[0].onnx_name == "scores"


def test_samples_are_the_files_integers_or_real_values(small_file, tmp_path):
    design = build(small_file, out=tmp_path / "out", macs=16, sim=False)
    q = np.random.default_rng(0).integers(-128, 128, (6, 8, 8, 3), np.int8)
    real = np.float32(Case.SCALE) * (q.astype(np.float32) - 3)
    np.testing.assert_array_equal(design.run(q).y, design.run(real).y)
    assert np.ptp(design.run(q).y) > 1
    pixels = np.abs(q.astype(np.uint8))  # of another type: as real numbers
    np.testing.assert_array_equal(design.run(pixels).y, design.run(pixels.astype(np.float32)).y)


def test_names_are_the_files_own(small_file):
    summary, _ = read_summary(small_file)
    names = {node.name for node in summary.nodes if node.macs}
    assert names == {"block/Relu", "scores"}
    assert summary.producer == "TFLite"
    assert summary.inputs[0].name == "image"


@pytest.mark.parametrize(
    ("name", "data", "is_classifier"),
    [
        ("ad01_int8", "autoencoder", False),
        ("kws_ref_model", "dscnn", True),
        ("pretrainedResnet_quant", "resnet8", True),
    ],
)
def test_mlperf_tiny(models_dir, name, data, is_classifier):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    path = models_dir / "tflite" / f"{name}.tflite"
    file = LiteRt(path.read_bytes())
    x = np.load(models_dir / f"{data}_data.npz")["x"].astype(np.float32)
    x = np.moveaxis(x, 1, -1) if x.ndim == 4 else x
    (source,), (sink,) = file.inputs, file.outputs
    q = np.clip(np.rint(source.steps(x)), -128, 127).astype(np.int8)
    wanted = file.answers({source.name: q})[0].reshape(len(x), -1)
    (ours,) = integer_answers(path, {source.name: q})
    if is_classifier:
        exponents = np.exp(ours - ours.max(axis=1, keepdims=True))
        ours = exponents / exponents.sum(axis=1, keepdims=True)
        assert (ours.argmax(1) == wanted.argmax(1)).all()
    steps = np.clip(np.rint(sink.steps(ours)), -128, 127)
    others = LiteRt(path.read_bytes(), delegate=False).answers({source.name: q})[0]
    apart = np.abs(others.reshape(len(x), -1).astype(int) - wanted).max()
    print(f"{name}: {(steps == wanted).sum()} of {wanted.size} are equal, without the delegate")
    print(f"LiteRT is up to {apart} steps from itself")
    assert np.abs(steps - wanted).max() <= 1
    assert (steps == wanted).mean() > 0.99


def dynamic_range() -> tuple[bytes, np.ndarray]:
    """A convolution of real numbers with int8 weights."""
    f, c = Tflite(), Case("int8")
    x, y = f.tensor([1, 6, 6, 4]), f.tensor([1, 6, 6, 8])
    c.file = f
    data = np.random.default_rng(5).integers(-127, 128, (8, 3, 3, 4))
    weights = f.tensor(data.shape, "int8", scale=np.linspace(0.01, 0.02, 8), data=data)
    bias = f.tensor([8], data=np.linspace(-1, 1, 8))
    options = CONV | {"StrideW": 1, "StrideH": 1}
    f.operator("CONV_2D", [x, weights, bias], [y], "Conv2DOptions", **options)
    return f.file([x], [y]), data


def test_weights_of_dynamic_range_keep_their_numbers(tmp_path):
    path = tmp_path / "dynamic.tflite"
    content, data = dynamic_range()
    path.write_bytes(content)
    (conv,) = (node for node in load_model(path).nodes if isinstance(node, Conv))
    assert conv.weight_scale is not None
    integers = np.rint(conv.weight / conv.weight_scale[:, None, None, None])
    np.testing.assert_array_equal(integers, data)
    x = np.random.default_rng(0).normal(size=(40, 6, 6, 4)).astype(np.float32)
    (ours,) = integer_answers(path, {"t0": x})
    assert ours.shape == (40, 6 * 6 * 8)


def test_half_precision_and_four_bit_constants(tmp_path):
    f = Tflite()
    x, half, weights, y = f.tensor([1, 4]), f.tensor([3, 4], "float16", data=np.eye(3, 4)), 0, 0
    weights, hidden, y = f.tensor([3, 4]), f.tensor([1, 3]), f.tensor([1, 3])
    f.operator("DEQUANTIZE", [half], [weights])
    f.operator("FULLY_CONNECTED", [x, weights, -1], [hidden], "FullyConnectedOptions")
    four = f.tensor([3, 3], "int4", scale=0.5, data=[[1, 0, -3], [0, 7, 0], [-8, 0, 2]])
    f.operator("FULLY_CONNECTED", [hidden, four, -1], [y], "FullyConnectedOptions")
    path = tmp_path / "half.tflite"
    path.write_bytes(f.file([x], [y]))
    first, second = (node.weight[:, 0, 0] for node in load_model(path).nodes)
    np.testing.assert_array_equal(first, np.eye(3, 4))
    np.testing.assert_array_equal(second, [[0.5, 0, -1.5], [0, 3.5, 0], [-4, 0, 1]])


def test_open_sizes_are_chosen(tmp_path):
    f = Tflite()
    x = f.tensor([1, 1, 1, 3], signature=[-1, -1, -1, 3], name="image")
    y = f.tensor([1, 1, 1, 3], signature=[-1, -1, -1, 3])
    window = {"StrideW": 2, "StrideH": 2, "FilterWidth": 3, "FilterHeight": 3, "Padding": 0}
    f.operator("MAX_POOL_2D", [x], [y], "Pool2DOptions", **window)
    path = tmp_path / "open.tflite"
    path.write_bytes(f.file([x], [y]))
    with pytest.raises(UnsupportedError, match="--input-shape image=1x96x96x3"):
        load_model(path)
    graph = load_model(path, {"image": (1, 9, 7, 3)})
    assert graph.tensors[graph.outputs[0].tensor].shape == (5, 4, 3)


def refused(dtype: str, kind: str, **options) -> bytes:
    f = Tflite()
    scale = {} if dtype == "float32" else {"scale": 0.1}
    x, y = f.tensor([1, 4, 4, 2], dtype, **scale, name="x"), f.tensor([1, 4, 4, 2], dtype, **scale)
    f.operator(kind, [x], [y], **options)
    return f.file([x], [y])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (refused("float32", "SVDF"), r"SVDF 't1': the operator is not supported"),
        (refused("float32", "Flex"), r"CUSTOM Flex 't1': the operator is not supported"),
        (refused("int16", "RELU"), r"Input 'x': .* quantized to INT16; convert"),
        (refused("int8", "NEG"), r"NEG 't1': it negates integers"),
        (refused("float32", "MEAN"), r"MEAN 't1'.* convert the model again"),
        (b"\0\0\0\0TFL3", "not a TFLite model: it holds no subgraph"),
        (b"\0\0\0\0ONNX", "not a TFLite model, or is damaged"),
    ],
)
def test_refusals(content, message, tmp_path):
    path = tmp_path / "refused.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_model(path)


def test_variables_are_refused(tmp_path):
    f = Tflite()
    x, state, y = f.tensor([1, 4]), f.tensor([1, 4], variable=True, name="state"), f.tensor([1, 4])
    f.operator("ADD", [x, state], [y], "AddOptions")
    path = tmp_path / "state.tflite"
    path.write_bytes(f.file([x], [y]))
    with pytest.raises(UnsupportedError, match=r"ADD 't2': its tensor 'state' is a variable"):
        load_model(path)


def test_without_the_package(small_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite", None)
    tflite_file._schema.cache_clear()
    try:
        with pytest.raises(ToolError, match=r"pip install 'nnhw\[tflite\]'"):
            load_model(small_file)
    finally:
        tflite_file._schema.cache_clear()


def test_constants_count_before_they_are_copied(small_file):
    f = Tflite()
    x, data = f.tensor([1, 512]), np.zeros((512, 512), np.int8)
    y = f.tensor([1, 512])
    # Of one buffer, as many as there are operators.
    weights = f.tensor(data.shape, "int8", scale=0.1, data=data)
    for _ in range(200):
        f.operator("BATCH_MATMUL", [x, weights], [y], "BatchMatMulOptions", AdjY=True)
    small_file.write_bytes(f.file([x], [y]))
    with memory_budget("32M"), pytest.raises(BudgetError, match="memory"):
        load_model(small_file)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_end_in_one_sentence(seed, tmp_path):
    path = tmp_path / "damaged.tflite"
    original = [small(), *(make(Case("int8")) for make in list(CASES.values())[:40:4])]
    generator = np.random.default_rng(seed)
    refusals = 0
    for turn in range(60):
        content = bytearray(original[turn % len(original)])
        for place in generator.integers(0, len(content) - 4, generator.integers(1, 4)):
            odd = generator.choice([0, 1, 0x7F, 0xFF, 0x80])
            content[place : place + generator.integers(1, 5)] = bytes([odd])
        if generator.random() < 0.2:
            content = content[: generator.integers(0, len(content))]
        path.write_bytes(bytes(content))
        start = time.process_time()
        with memory_budget("256M"):
            try:
                load_model(path)
            except NnhwError:
                refusals += 1
        assert time.process_time() - start < 5
    assert refusals > 10
