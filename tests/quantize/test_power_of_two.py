"""Scales that are powers of two, and requantization that only shifts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from random_graphs import Builder, builders

from nnhw.data import load_data
from nnhw.frontend import load_model
from nnhw.ir import Clamp, Factors, Graph, QAdd, QAveragePool, QConcat, QConv
from nnhw.mapping import EngineConfig, map_graph
from nnhw.options import CalibrationMethod
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.quantize.power_of_two import shift_constants
from nnhw.report import measure_noise

POWER_OF_TWO = QuantizeOptions(power_of_two=True)


def is_power_of_two(value: float) -> bool:
    return math.frexp(value)[0] == 0.5


def multipliers(graph: Graph) -> list[tuple[int, int]]:
    """(multiplier, shift) of all requantizations."""
    constants = []
    for node in graph.nodes:
        if isinstance(node, QConv | QAdd | QAveragePool):
            constants.append(node.requantize)
        elif isinstance(node, QConcat):
            constants += node.parts
    return [pair for c in constants for pair in zip(c.multiplier.flat, c.shift.flat, strict=True)]


def residual() -> tuple[Builder, str]:
    b = Builder((8, 8, 3))
    first = b.conv("x", 4, kernel=(3, 3), pads=(1, 1, 1, 1), clamp=Clamp(lo=0.0))
    total = b.add(first, b.conv(first, 4), clamp=Clamp(lo=0.0))
    total = b.add(total, b.conv(total, 4, groups=4, kernel=(3, 3), pads=(1, 1, 1, 1)))
    return b, b.dense(b.average_pool(total, kernel=(3, 3), stride=(3, 3)), 5)


@pytest.mark.parametrize("method", ["mse", "minmax", "percentile", "entropy"])
def test_scales_and_constants(method: CalibrationMethod) -> None:
    b, output = residual()
    options = QuantizeOptions(power_of_two=True, calibration_method=method)
    integer = quantize(b.graph(output), b.data(50), options)
    scales = {name: tensor.q.scale for name, tensor in integer.tensors.items()}
    for node in integer.nodes:
        if isinstance(node, QAveragePool):
            assert is_power_of_two(np.float32(scales[node.output] * 9 / scales[node.inputs[0]]))
        else:
            assert is_power_of_two(scales[node.output])
        if isinstance(node, QConv) and is_power_of_two(scales[node.inputs[0]]):
            assert all(map(is_power_of_two, node.weight_scale))
        if isinstance(node, QAdd):
            assert scales[node.inputs[0]] == scales[node.inputs[1]]
    assert all(pair == (2, 1) or pair[0] == 1 for pair in multipliers(integer))
    assert map_graph(integer, EngineConfig(rows=4, cols=4)).widths.multiplier == 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(network=builders())
def test_random_networks(network: tuple[Builder, str]) -> None:
    """Requantization is that of the scales, whatever multipliers it takes."""
    builder, output = network
    graph = builder.graph(output)
    gains = {node.output: getattr(node, "gain", 1.0) for node in graph.nodes}
    integer = quantize(graph, builder.data(30), POWER_OF_TWO)
    scale = {name: tensor.q.scale for name, tensor in integer.tensors.items()}
    for node in integer.nodes:
        inputs = np.array([scale[name] for name in node.inputs])
        match node:
            case QConv():
                ratio = inputs[0] * node.weight_scale / scale[node.output]
            case QAdd():
                ratio = inputs / scale[node.output]
            case QAveragePool():
                ratio = inputs[0] / scale[node.output] / node.divisor
            case _:
                continue
        value = np.ldexp(node.requantize.multiplier.astype(float), -node.requantize.shift)
        np.testing.assert_allclose(value, ratio * gains[node.output], rtol=1e-3)


def test_constants_of_given_ratios() -> None:
    found = shift_constants(Factors(ratio=np.array([[0.25], [1.0], [2.0], [2.0**-60]])))
    assert found is not None
    assert found.multiplier.ravel().tolist() == [1, 2, 4, 1]
    assert found.shift.ravel().tolist() == [2, 1, 1, 40]
    assert shift_constants(Factors(ratio=np.array([[0.25], [0.3]]))) is None


def test_constants_of_ratios_that_follow() -> None:
    found = shift_constants(Factors(ratio=np.array([[0.25], [0.3]]), flexible=True))
    assert found is not None
    assert (found.multiplier.ravel().tolist(), found.shift.ravel().tolist()) == ([1, 1], [2, 1])


def test_terms_share_a_shift() -> None:
    found = shift_constants(Factors(ratio=np.array([0.5, 0.125])))
    assert found is not None
    assert (found.multiplier.tolist(), found.shift.tolist()) == ([4, 1], [3, 3])


@pytest.mark.parametrize(
    ("name", "least"), [("resnet8", 28), ("dscnn", 20), ("mobilenet_vww", 18), ("autoencoder", 19)]
)
def test_real_networks(models_dir: Path, name: str, least: float) -> None:
    graph = simplify_graph(load_model(models_dir / f"{name}_f32.onnx"))
    calibration, evaluation = load_data(models_dir / f"{name}_data.npz", graph).split(0, 200)
    integer = quantize(graph, calibration.x, POWER_OF_TWO)
    assert all(pair == (2, 1) or pair[0] == 1 for pair in multipliers(integer))
    assert measure_noise(graph, integer, evaluation.x)[graph.outputs[0].tensor].sqnr_db > least
