"""What quantization costs on real networks with real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnhw import golden
from nnhw.data import Dataset, load_data, top1
from nnhw.frontend import load_model
from nnhw.ir import Batch, Graph
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize, run_float

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(model: Path, data: Path) -> tuple[Graph, Dataset, Dataset]:
    """Network, calibration and evaluation data."""
    graph = simplify_graph(load_model(model))
    return graph, *load_data(data, graph).split(seed=0, calibration_samples=200)


def outputs(graph: Graph, x: Batch | np.ndarray, integer: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Float and integer outputs, (N, K)."""
    name = graph.outputs[0].tensor
    q = golden.run(integer, golden.quantize_inputs(integer, x))[name]
    real = golden.dequantize(q, integer.tensors[name].q)
    return run_float(graph, x)[name].reshape(len(x), -1), real.reshape(len(x), -1)


@pytest.mark.parametrize(("weight_bits", "least"), [(8, 98.1), (4, 97.3)])
def test_mnist(models_dir: Path, weight_bits: int, least: float) -> None:
    graph, calibration, evaluation = load(
        models_dir / "mnist_cnn_zoo.onnx", models_dir / "mnist_data.npz"
    )
    integer = quantize(graph, calibration.x, QuantizeOptions(weight_bits=weight_bits))
    exact, found = outputs(graph, evaluation.x[:], integer)
    assert evaluation.y is not None
    assert top1(exact, evaluation.y) > 98.2
    assert top1(found, evaluation.y) >= least


@pytest.mark.parametrize("name", ["resnet8", "dscnn", "mobilenet_vww"])
def test_labels_of_few_samples(models_dir: Path, name: str) -> None:
    graph, calibration, evaluation = load(
        models_dir / f"{name}_f32.onnx", models_dir / f"{name}_data.npz"
    )
    _, found = outputs(graph, evaluation.x[:], quantize(graph, calibration.x))
    assert not evaluation.held_out
    assert evaluation.y is not None
    assert top1(found, evaluation.y) == 100


def test_autoencoder(models_dir: Path) -> None:
    graph, calibration, evaluation = load(
        models_dir / "autoencoder_f32.onnx", models_dir / "autoencoder_data.npz"
    )
    for weight_bits, least in ((8, 0.999), (4, 0.985)):
        options = QuantizeOptions(weight_bits=weight_bits)
        exact, found = outputs(graph, evaluation.x[:], quantize(graph, calibration.x, options))
        assert np.corrcoef(exact.ravel(), found.ravel())[0, 1] >= least


@pytest.mark.parametrize("name", ["digits_cnn", "digits_mlp", "digits_resnet"])
def test_digits(name: str) -> None:
    graph, calibration, evaluation = load(EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz")
    exact, found = outputs(graph, evaluation.x[:], quantize(graph, calibration.x))
    assert evaluation.y is not None
    assert top1(found, evaluation.y) >= top1(exact, evaluation.y) - 0.3
