"""Integer graphs as QDQ models: same numbers in onnxruntime, standard form, stable bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from qdq_reference import assert_agree, assert_nearly_equal, chained, isolated, run_onnxruntime
from random_graphs import Builder, Clamp, builders

from nnhw import golden
from nnhw.data import load_data, top1
from nnhw.errors import ExportError
from nnhw.frontend import load_model, write_qdq
from nnhw.ir import Graph, Port, QAveragePool, as_batch, from_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize

RELU = Clamp(lo=0.0)


def residual() -> tuple[Builder, Graph]:
    """A network with every operator."""
    b = Builder((9, 8, 3), seed=1)
    first = b.conv("x", 8, kernel=(3, 3), pads=(1, 1, 1, 1), clamp=RELU)
    second = b.conv(first, 8, groups=8, kernel=(3, 3), pads=(1, 1, 1, 1))
    total = b.add(first, second, clamp=Clamp(lo=0.0, hi=1.0))
    pooled = b.max_pool(total, kernel=(3, 2), stride=(2, 2), pads=(1, 0, 0, 0))
    mean = b.average_pool(pooled, kernel=(2, 2), stride=(2, 2))
    hidden = b.dense(b.reshape(mean, (4, 2, 4)), 16, clamp=RELU)
    return b, b.graph(b.dense(hidden, 10))


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


@pytest.mark.parametrize("weight_bits", [2, 4, 8])
@pytest.mark.parametrize("activation_bits", [4, 8])
def test_every_tensor_agrees(tmp_path: Path, weight_bits: int, activation_bits: int) -> None:
    builder, graph = residual()
    data = builder.data(200)
    options = QuantizeOptions(weight_bits=weight_bits, activation_bits=activation_bits)
    integer = quantize(graph, data[:100], options)
    assert_agree(isolated(integer, data, tmp_path))
    assert_nearly_equal(chained(integer, 2 * data, tmp_path))  # beyond the calibrated range


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,  # float32's rounding leaves no strict bound
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(network=builders())
def test_random_networks_agree(tmp_path: Path, network: tuple[Builder, str]) -> None:
    builder, output = network
    data = builder.data(32)
    assert_agree(isolated(quantize(builder.graph(output), data), data, tmp_path))


@pytest.mark.parametrize(
    ("name", "data"),
    [("mnist_cnn_zoo", "mnist"), ("resnet8_f32", "resnet8"), ("autoencoder_f32", "autoencoder")],
)
def test_real_networks_agree(tmp_path: Path, models_dir: Path, name: str, data: str) -> None:
    graph = simplify_graph(load_model(models_dir / f"{name}.onnx"))
    (port,) = graph.inputs
    samples = load_data(models_dir / f"{data}_data.npz", graph)
    x = as_batch(graph, samples.x[:]).arrays[port.tensor][:300]
    integer = quantize(graph, x[:100])
    assert_agree(isolated(integer, x, tmp_path))
    assert_nearly_equal(chained(integer, x, tmp_path))


def test_outputs_are_real_values_under_their_onnx_names(tmp_path: Path) -> None:
    builder, graph = residual()
    hidden = Port(tensor="t5", onnx_name="hidden", onnx_shape=(2, 8, 2))
    graph = replace(graph, outputs=(*graph.outputs, hidden))
    data = builder.data(50)
    integer = quantize(graph, data)
    write_qdq(integer, tmp_path / "model.onnx")
    x = from_channels_last(data, integer.inputs[0])
    names = [port.onnx_name for port in integer.outputs]
    found = run_onnxruntime(tmp_path / "model.onnx", {"input": x}, names)
    q = golden.quantize_input(data, integer.tensors["x"].q)
    for port, values in zip(integer.outputs, found, strict=True):
        real = golden.dequantize(
            golden.run(integer, q)[port.tensor], integer.tensors[port.tensor].q
        )
        np.testing.assert_array_equal(values, from_channels_last(real, port))


@pytest.mark.parametrize(
    ("shape", "layout"), [((9, 8, 3), "HWC"), ((216,), "CHW"), ((72, 3), "HWC"), ((8, 9, 3), "WHC")]
)
def test_ports_of_any_layout(tmp_path: Path, shape: tuple[int, ...], layout: str) -> None:
    b = Builder((9, 8, 3), seed=2)
    graph = b.graph(b.conv("x", 3, kernel=(3, 3), pads=(1, 1, 1, 1)))
    ports = [
        Port(tensor=tensor, onnx_name=name, onnx_shape=shape, layout=layout)
        for tensor, name in (("x", "input"), ("t0", "output"))
    ]
    graph = replace(graph, inputs=(ports[0],), outputs=(ports[1],))
    data = b.data(8)
    integer = quantize(graph, data)
    assert_nearly_equal(chained(integer, data, tmp_path))
    x = from_channels_last(data, ports[0])
    (found,) = run_onnxruntime(tmp_path / "model.onnx", {"input": x}, ["output"])
    q = golden.run(integer, golden.quantize_input(data, integer.tensors["x"].q))["t0"]
    real = golden.dequantize(q, integer.tensors["t0"].q)
    np.testing.assert_allclose(found, from_channels_last(real, ports[1]), atol=1.01 * 2e-2)


@pytest.mark.parametrize(
    ("divisor", "expected"),
    [
        (None, "AveragePool"),  # padding does not count
        (np.full((3, 3), 9), "AveragePool"),  # it does
        (np.array([[9, 9, 6]] * 3), "Mul"),  # it does, but not what ceil_mode adds
    ],
)
def test_average_pool_divisors(tmp_path: Path, divisor: np.ndarray | None, expected: str) -> None:
    b = Builder((5, 5, 4), seed=3)
    window = {"kernel": (3, 3), "stride": (2, 2), "pads": (1, 1, 1, 1)}
    graph = b.graph(b.average_pool("x", divisor=divisor, **window))
    data = b.data(100)
    integer = quantize(graph, data)
    assert isinstance(integer.nodes[0], QAveragePool)
    assert_agree(isolated(integer, data, tmp_path))
    assert expected in operators(tmp_path / "parts.onnx")


def test_standard_operators_are_used(tmp_path: Path) -> None:
    builder, graph = residual()
    write_qdq(quantize(graph, builder.data(20)), tmp_path / "model.onnx")
    found = [op for op in operators(tmp_path / "model.onnx") if "Linear" not in op]
    # The first Relu lies at the end of the type's range, where saturation does its work.
    assert [op for op in found if op not in ("Relu", "Clip")] == [
        "Conv", "Conv", "Add", "MaxPool", "AveragePool", "Transpose", "Reshape", "Transpose",
        "Flatten", "Gemm", "Gemm",
    ]  # fmt: skip


def test_narrow_weights_are_int4(tmp_path: Path) -> None:
    builder, graph = residual()
    for bits, expected in ((4, onnx.TensorProto.INT4), (5, onnx.TensorProto.INT8)):
        integer = quantize(graph, builder.data(20), QuantizeOptions(weight_bits=bits))
        write_qdq(integer, tmp_path / "model.onnx")
        constants = onnx.load(tmp_path / "model.onnx").graph.initializer
        types = {c.data_type for c in constants if c.name.endswith("_weight")}
        assert types == {expected}


def test_same_graph_same_bytes(tmp_path: Path) -> None:
    builder, graph = residual()
    for name in ("a", "b"):
        write_qdq(quantize(graph, builder.data(20)), tmp_path / name)
    builder, graph = residual()
    write_qdq(quantize(graph, builder.data(20)), tmp_path / "c")
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()  # other data
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()


def test_names_that_the_model_needs_are_refused_for_ports(tmp_path: Path) -> None:
    builder, graph = residual()
    port = replace(graph.outputs[0], onnx_name="t3_quantized")
    integer = quantize(replace(graph, outputs=(port,)), builder.data(4))
    with pytest.raises(ExportError, match="t3_quantized"):
        write_qdq(integer, tmp_path / "model.onnx")


def test_labels_survive(tmp_path: Path, models_dir: Path) -> None:
    graph = simplify_graph(load_model(models_dir / "mnist_cnn_zoo.onnx"))
    data = load_data(models_dir / "mnist_data.npz", graph)
    (port,) = graph.inputs
    x = as_batch(graph, data.x[:]).arrays[port.tensor]
    write_qdq(quantize(graph, x[:200]), tmp_path / "model.onnx")
    inputs = {port.onnx_name: from_channels_last(x[200:1200], port)}
    (scores,) = run_onnxruntime(tmp_path / "model.onnx", inputs, [graph.outputs[0].onnx_name])
    assert data.y is not None
    assert top1(scores, data.y[200:1200]) > 97
