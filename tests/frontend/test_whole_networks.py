"""Whole networks on real data, from every opset, and from PyTorch's exporters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_models import check, model, node, normal, run_graph, run_onnxruntime
from torch_models import IMAGE, export, scores, small_cnn

from nnhw.frontend import load_model, read_summary
from nnhw.ir import Add, AveragePool, Conv, MaxPool, Reshape
from nnhw.passes import simplify_graph

EXAMPLES = Path(__file__).parents[2] / "examples"
SIMPLE = Conv | MaxPool | AveragePool | Add | Reshape

NETWORKS = {
    # Name of the data, MACs, parameters, and nodes of the simplified graph.
    "resnet8_f32": ("resnet8", 12_501_632, 77_706, 14),
    "dscnn_f32": ("dscnn", 2_656_768, 22_604, 11),
    "mobilenet_vww_f32": ("mobilenet_vww", 7_489_664, 210_850, 29),
    "autoencoder_f32": ("autoencoder", 264_192, 265_864, 10),
    "mnist_cnn_zoo": ("mnist", 786_560, 5_994, 5),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_real_networks(models_dir, name):
    data, macs, parameters, nodes = NETWORKS[name]
    path = models_dir / f"{name}.onnx"
    x = np.load(models_dir / f"{data}_data.npz")["x"][:12].astype(np.float32)
    graph = load_model(path)
    simple = simplify_graph(graph)
    expected = run_onnxruntime(onnx.load(path), x, graph.outputs[0].onnx_name)
    scale = np.abs(expected).max()
    for candidate in (graph, simple):
        result = run_graph(candidate, x)
        np.testing.assert_allclose(result / scale, expected / scale, rtol=1e-4, atol=2e-5)
    assert len(simple.nodes) == nodes
    assert all(isinstance(one, SIMPLE) for one in simple.nodes)
    summary = read_summary(path)[0]
    assert (summary.macs, summary.parameters) == (macs, parameters)
    assert summary.supported


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.onnx")), ids=lambda path: path.stem)
def test_examples(path):
    x = np.load(EXAMPLES / "digits.npz")["x"][:50].astype(np.float32)
    graph = simplify_graph(load_model(path))
    expected = run_onnxruntime(onnx.load(path), x, graph.outputs[0].onnx_name)
    np.testing.assert_allclose(run_graph(graph, x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
def test_every_opset(tmp_path, opset):
    nodes = [
        node("Conv", "x k", "c", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "c s s s v", "n"),
        node("Relu", "n", "r"),
        node("Add", "r c", "a"),
        node("MaxPool", "a", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("AveragePool", "p", "q", kernel_shape=[2, 2]),
        node("GlobalAveragePool", "q", "g"),
        node("Mul", "g t", "m"),
        node("Reshape", "m z", "f"),
        node("Flatten", "f", "h"),
        node("Dropout", "h", "d"),
        node("Gemm", "d w b", "e"),
        node("Identity", "e", "i"),
        node("Softmax", "i", axis=1),
    ]
    constants = {
        "k": normal(4, 3, 3, 3),
        "s": normal(4),
        "v": np.abs(normal(4)) + 0.1,
        "t": np.array(0.5, np.float32),
        "z": np.array([1, 4, 1]),
        "w": normal(4, 5),
        "b": normal(5),
    }
    graph = check(model(nodes, ("N", 3, 8, 8), constants, opset=opset), tmp_path)
    assert graph.host_postprocess == ("Softmax(axis=1)",)


@pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])
@pytest.mark.parametrize("dynamic", [False, True])
def test_pytorch_export(tmp_path, dynamo, dynamic):
    network = small_cnn()
    path = export(network, tmp_path / "cnn.onnx", dynamo=dynamo, dynamic=dynamic)
    graph = load_model(path)
    simple = simplify_graph(graph)
    assert [type(one) for one in simple.nodes] == [Conv, Conv, AveragePool, Conv]
    x = normal(4, *IMAGE)
    expected = scores(network, x)
    for candidate in (graph, simple):
        np.testing.assert_allclose(run_graph(candidate, x), expected, rtol=1e-4, atol=1e-5)
    assert graph.host_postprocess == ("LogSoftmax(axis=1)",)
