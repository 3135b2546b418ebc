"""QDQ models in onnxruntime, and their comparison with the golden model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from nnhw import golden
from nnhw.frontend import write_qdq
from nnhw.ir import Graph, Port, from_channels_last


def run_onnxruntime(
    path: Path, inputs: dict[str, np.ndarray], outputs: list[str]
) -> list[np.ndarray]:
    """Any tensors of a model that the checker accepts, without the runtime's own rewrites."""
    ort = pytest.importorskip("onnxruntime")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    for name in set(outputs) - {output.name for output in model.graph.output}:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(outputs, inputs)


def channels_last(values: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """(N, C, H, W) or (N, K) as (N, H, W, C)."""
    height, width, channels = shape
    return values.reshape(len(values), channels, height, width).transpose(0, 2, 3, 1)


def chained(graph: Graph, x: np.ndarray, folder: Path) -> dict[str, np.ndarray]:
    """Differences in steps, by tensor, with both sides run from the same real input."""
    write_qdq(graph, folder / "model.onnx")
    (port,) = graph.inputs
    names = list(graph.tensors)
    found = run_onnxruntime(
        folder / "model.onnx",
        {port.onnx_name: from_channels_last(x, port)},
        [f"{name}_quantized" for name in names],
    )
    q = golden.quantize_input(x, graph.tensors[port.tensor].q)
    expected = golden.run(graph, q, keep=names)
    return {
        name: channels_last(values, graph.tensors[name].shape).astype(int) - expected[name]
        for name, values in zip(names, found, strict=True)
    }


def isolated(graph: Graph, x: np.ndarray, folder: Path) -> dict[str, np.ndarray]:
    """Differences in steps, by operator's output, with each operator fed the golden model's q.

    Without this a single difference may grow from layer to layer.
    """
    q = golden.quantize_input(x, graph.tensors[graph.inputs[0].tensor].q)
    expected = golden.run(graph, q, keep=graph.tensors)
    read = sorted({name for node in graph.nodes for name in node.inputs})
    apart = {node.output: f"{node.output}_apart" for node in graph.nodes}
    tensors = {name: graph.tensors[name] for name in read} | {
        new: replace(graph.tensors[old], name=new) for old, new in apart.items()
    }
    parts = Graph(
        name="parts",
        nodes=tuple(replace(node, output=apart[node.output]) for node in graph.nodes),
        tensors=tensors,
        inputs=tuple(_port(name, tensors[name].shape) for name in read),
        outputs=tuple(_port(name, tensors[name].shape) for name in apart.values()),
    )
    write_qdq(parts, folder / "parts.onnx")
    reals = {name: golden.dequantize(expected[name], graph.tensors[name].q) for name in read}
    found = run_onnxruntime(
        folder / "parts.onnx",
        {f"{name}_port": real.transpose(0, 3, 1, 2) for name, real in reals.items()},
        [f"{name}_quantized" for name in apart.values()],
    )
    return {
        name: channels_last(values, graph.tensors[name].shape).astype(int) - expected[name]
        for name, values in zip(apart, found, strict=True)
    }


def assert_agree(differences: dict[str, np.ndarray]) -> None:
    """Operators fed the same integers: one step off at most, in one of 1000 elements at most."""
    for name, steps in differences.items():
        assert np.abs(steps).max() <= 1, name
        assert np.count_nonzero(steps) <= max(1, 0.001 * steps.size), name


def assert_nearly_equal(differences: dict[str, np.ndarray]) -> None:
    """Whole networks: few elements differ, though one that does takes others with it."""
    unequal = [np.count_nonzero(steps) for steps in differences.values()]
    assert sum(unequal) <= 0.01 * sum(steps.size for steps in differences.values()), unequal


def _port(tensor: str, shape: tuple[int, int, int]) -> Port:
    height, width, channels = shape
    return Port(tensor=tensor, onnx_name=f"{tensor}_port", onnx_shape=(channels, height, width))
