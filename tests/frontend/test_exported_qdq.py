"""The exported model.qdq.onnx of every operator runs in onnxruntime.

Beyond basic optimizations onnxruntime makes operators of its own (QLinearAveragePool) that it then
refuses.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import node, save
from operator_case import Case, one
from operator_models import FUNCTIONS, JOINS, LAYERS, MOVES, TRANSPOSED

from nnhw import golden
from nnhw.frontend import load_model, write_qdq
from nnhw.ir import Graph, from_channels_last, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize

WINDOWS = {
    "max, dilated": one("MaxPool", kernel_shape=[2, 2], dilations=[2, 1]),
    "max, wide pads": one("MaxPool", kernel_shape=[3, 2], dilations=[2, 3], pads=[1, 1, 2, 2]),
    "max, beyond the edge": one(
        "MaxPool", kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1
    ),
    "average, counting pads": one(
        "AveragePool", kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1
    ),
    "average, dilated": one("AveragePool", kernel_shape=[2, 2], dilations=[2, 1], opset=19),
    "padded": Case(nodes=[node("Pad", "x p")], constants={"p": np.array([0, 0, 3, 1, 0, 0, 2, 4])}),
    "constant part": Case(
        nodes=[node("Relu", "x", "r"), node("Concat", "x r", axis=2)],
    ),
}
CASES = {
    f"{family} {name}": case
    for family, cases in {
        "function": FUNCTIONS,
        "join": JOINS,
        "layer": LAYERS,
        "move": MOVES,
        "transposed": TRANSPOSED,
        "window": WINDOWS,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_exported_model_runs(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    graph = simplify_graph(load_model(save(case.model(), tmp_path)))
    (port,) = graph.inputs
    x = case.data(20)
    images = to_channels_last(x, port, graph.tensors[port.tensor])
    bits = 4 if list(CASES).index(name) % 3 == 0 else 8
    integer = quantize(graph, images, QuantizeOptions(weight_bits=bits))
    path = tmp_path / "model.qdq.onnx"
    write_qdq(integer, path)
    expected = _golden(integer, images)
    for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC"):
        (sink,) = integer.outputs
        found = _run(path, level, {port.onnx_name: x.astype(np.float32)}, sink.onnx_name)
        steps = np.rint((found - expected) / integer.tensors[sink.tensor].q.scale)
        # Single elements differ next to ties, and further on by what follows from them.
        assert np.count_nonzero(steps) <= 0.05 * steps.size, level


def test_an_average_pool_can_be_optimized(tmp_path: Path) -> None:
    """What ONNX Runtime makes of it knows no dilations, not even those that are none."""
    case = CASES["window average, counting pads"]
    graph = simplify_graph(load_model(save(case.model(), tmp_path)))
    x = case.data(20)
    integer = quantize(graph, to_channels_last(x, graph.inputs[0], graph.tensors["x"]))
    write_qdq(integer, tmp_path / "model.qdq.onnx")
    inputs = {"x": x.astype(np.float32)}
    (sink,) = integer.outputs
    found = _run(tmp_path / "model.qdq.onnx", "ORT_ENABLE_ALL", inputs, sink.onnx_name)
    assert np.isfinite(found).all()


def _golden(graph: Graph, images: np.ndarray) -> np.ndarray:
    (sink,) = graph.outputs
    q = golden.run(graph, golden.quantize_inputs(graph, images))[sink.tensor]
    return from_channels_last(golden.dequantize(q, graph.tensors[sink.tensor].q), sink)


def _run(path: Path, level: str, inputs: dict[str, np.ndarray], output: str) -> np.ndarray:
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    options.log_severity_level = 3
    # else fused products of bytes are cut off on processors without VNNI
    options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(str(path), options).run([output], inputs)[0]
