"""Tuning of files that arrive quantized."""

from pathlib import Path

import numpy as np
import pytest
from static_networks import Setting, quantized_statically

import nnhw
from nnhw.conversion import Samples, convert
from nnhw.data import load_data, predict
from nnhw.frontend import load_model
from nnhw.golden import quantize_inputs, real_outputs, run
from nnhw.ir import Graph, QConv
from nnhw.options import BuildOptions

pytest.importorskip("torch")

EXAMPLES = Path(__file__).parents[2] / "examples"


def samples(part: int, count: int = 400) -> dict[str, np.ndarray]:
    """Every other image of the digits."""
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {name: arrays[name][part::2][:count] for name in ("x", "y")}


def accuracy(graph: Graph, data: dict[str, np.ndarray]) -> float:
    """Top-1 in per cent, by the golden model."""
    judged = load_data(data, graph)
    outputs = real_outputs(graph, run(graph, quantize_inputs(graph, judged.x[:])))
    return float(100 * np.mean(predict(outputs[graph.outputs[0].onnx_name]) == judged.y))


@pytest.mark.parametrize(
    ("setting", "bits"),
    [
        (Setting("QInt8", "QInt8", "QDQ", True), 2),
        (Setting("QUInt8", "QUInt8", "QOperator", False), 3),
    ],
    ids=str,
)
def test_a_quantized_model_keeps_the_numbers_of_its_activations(
    setting: Setting, bits: int, tmp_path: Path
) -> None:
    """Its teacher is the model as it answers; weights begin as what its integers stand for."""
    pytest.importorskip("onnxruntime")
    path = quantized_statically("digits_mlp", setting, tmp_path)
    mine, others = samples(0), samples(1)
    result = nnhw.tune(
        path,
        data={"x": mine["x"]},
        out=tmp_path / "t.onnx",
        weight_bits=bits,
        epochs=6,
        loss="kl",
        threads=1,
    )
    given = convert(load_model(path), Samples(), BuildOptions(trim=False)).whole
    for name, tensor in given.tensors.items():
        assert result.graph.tensors[name].q == tensor.q
    assert {node.weight_bits for node in result.graph.nodes if isinstance(node, QConv)} == {bits}
    seen = load_data(mine, load_model(path))
    options = BuildOptions(weight_bits=bits)
    direct = convert(load_model(path), Samples(calibration=seen), options).whole
    before, after = accuracy(direct, others), accuracy(result.graph, others)
    assert after > before + (3 if bits == 2 else 0)
    assert after > (90 if bits == 2 else 96)
    again = convert(load_model(result.path), Samples(), BuildOptions(trim=False)).whole
    assert accuracy(again, others) == after
