"""Float graphs as integer graphs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from random_graphs import Builder, builders

from nnhw import golden
from nnhw.errors import DataError, QuantizationError
from nnhw.ir import ChannelAffine, Clamp, Graph, QAdd, QAveragePool, QConv, QMaxPool, Quantization
from nnhw.quantize import QuantizeOptions, quantize, run_float

RELU = Clamp(lo=0.0)


def outputs(graph: Graph, integer: Graph, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real outputs of a float graph and of its integer form, flat."""
    name = graph.outputs[0].tensor
    q = golden.quantize_input(x, integer.tensors[integer.inputs[0].tensor].q)
    real = golden.dequantize(golden.run(integer, q)[name], integer.tensors[name].q)
    return run_float(graph, x)[name].ravel(), real.ravel()


@settings(max_examples=40, deadline=None, derandomize=True)  # an error has no strict bound
@given(network=builders())
def test_random_networks_keep_what_they_compute(network: tuple[Builder, str]) -> None:
    builder, output = network
    graph, x = builder.graph(output), builder.data(64)
    integer = quantize(graph, x)
    assert integer.inputs == graph.inputs
    assert integer.outputs == graph.outputs
    exact, found = outputs(graph, integer, x)
    error = np.sqrt(np.mean((exact - found) ** 2))
    assert error <= 0.1 * np.abs(exact).max() + 0.5 * integer.tensors[output].q.scale


def test_every_operator_has_an_integer_form() -> None:
    b = Builder((8, 8, 3))
    first = b.conv("x", 4, kernel=(3, 3), clamp=RELU)
    total = b.add(first, b.conv(first, 4, groups=4))
    pooled = b.average_pool(b.max_pool(total, kernel=(2, 2), stride=(2, 2)), kernel=(3, 3))
    graph = b.graph(b.dense(b.reshape(pooled, (1, 1, 4)), 5))
    options = QuantizeOptions(weight_bits=5, activation_bits=6)
    integer = quantize(graph, b.data(30), options)
    kinds = [type(node).__name__ for node in integer.nodes]
    assert kinds == ["QConv", "QConv", "QAdd", "QMaxPool", "QAveragePool", "Reshape", "QConv"]
    assert all(t.q.bits == 6 and t.q.signed for t in integer.tensors.values())
    for node, origin in zip(integer.nodes, graph.nodes, strict=True):
        assert (node.name, node.inputs, node.output) == (origin.name, origin.inputs, origin.output)
        if isinstance(node, QConv):
            assert node.weight_bits == 5
            assert node.weight.dtype == np.int8
            assert np.abs(node.weight).max() <= 15
            assert node.bias.dtype == np.int64
            assert node.requantize.multiplier.shape == node.bias.shape
        if isinstance(node, QAveragePool):
            assert node.requantize.shift.shape == node.divisor.shape
        if isinstance(node, QAdd):
            assert node.requantize.multiplier.shape == (2,)
        if not isinstance(node, QMaxPool) and hasattr(node, "requantize"):
            assert node.requantize.multiplier.dtype == np.int64
            assert node.requantize.multiplier.max() < 2**options.multiplier_bits


def test_bits_of_single_layers() -> None:
    b = Builder((4, 4, 3))
    graph = b.graph(b.dense(b.conv(b.conv("x", 4), 4), 5))
    options = QuantizeOptions(weight_bits=6, layer_bits={"node1": 3})
    nodes = quantize(graph, b.data(30), options).nodes
    assert [node.weight_bits for node in nodes if isinstance(node, QConv)] == [6, 3, 6]
    largest = [np.abs(node.weight).max() for node in nodes if isinstance(node, QConv)]
    assert largest[1] == 3
    assert min(largest[0], largest[2]) > 15


@pytest.mark.parametrize(
    ("layer", "advice"),
    [
        ("nodes1", "did you mean 'node1'"),
        ("fc", "the layers with weights are 'node0', 'node1'$"),
        ("node2", "did you mean 'node"),  # a pool
    ],
)
def test_bits_of_no_layer(layer: str, advice: str) -> None:
    b = Builder((4, 4, 3))
    graph = b.graph(b.average_pool(b.conv(b.conv("x", 4), 4), kernel=(4, 4)))
    with pytest.raises(QuantizationError, match=f"Option bits names '{layer}', .*; {advice}"):
        quantize(graph, b.data(3), QuantizeOptions(layer_bits={layer: 4}))


def test_requantization_is_exactly_that_of_the_scales() -> None:
    """So that the QDQ model computes the same."""
    b = Builder((8, 8, 3))
    first = b.conv("x", 4, kernel=(3, 3), clamp=RELU)
    total = b.add(first, b.conv(first, 4))
    integer = quantize(b.graph(b.average_pool(total, kernel=(6, 6))), b.data(30))
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
        constants = node.requantize
        value = np.ldexp(constants.multiplier.astype(float), -constants.shift)
        np.testing.assert_allclose(value, ratio, rtol=3e-7)


def test_pools_and_reshapes_share_a_quantization_that_suits_what_is_read() -> None:
    b = Builder((4, 4, 1))
    hidden = b.conv("x", 2)
    pooled = b.reshape(b.max_pool(hidden, kernel=(2, 2), stride=(2, 2), clamp=RELU), (1, 4, 2))
    graph = b.graph(b.conv(pooled, 3))
    x = b.data(200)
    q = quantize(graph, x, QuantizeOptions(calibration_method="minmax")).tensors
    assert q["t0"].q == q["t1"].q == q["t2"].q
    # The negative half of the convolution's results never gets past the pool.
    assert q["t0"].q.zero_point == -128
    largest = run_float(graph, x, keep=["t1"])["t1"].max()
    assert q["t0"].q.scale * 255 == pytest.approx(largest, rel=1e-6)


@pytest.mark.parametrize(
    ("clamp", "bounds"),
    [
        (Clamp(), (-8, 7)),
        (Clamp(lo=0.0), (-3, 7)),
        (Clamp(lo=-0.5, hi=1.0), (-4, -1)),
        (Clamp(lo=-9.0, hi=9.0), (-8, 7)),
        (Clamp(hi=1.25), (-8, -1)),  # 2.5 steps, a tie, to even
    ],
)
def test_clamps_become_bounds(clamp: Clamp, bounds: tuple[int, int]) -> None:
    assert clamp.bounds(Quantization(bits=4, scale=0.5, zero_point=-3)) == bounds


def test_constant_activations() -> None:
    b = Builder((2, 2, 2))
    graph = b.graph(b.conv(b.conv("x", 3, clamp=Clamp(lo=0.0, hi=0.0)), 2))
    exact, found = outputs(graph, quantize(graph, b.data(10)), b.data(10))
    np.testing.assert_allclose(found, exact, atol=0.01)


def test_operand_that_is_always_zero() -> None:
    """It leaves the bits of the multipliers to the other one."""
    b = Builder((2, 2, 2))
    zero = b.average_pool(b.conv("x", 3, clamp=Clamp(lo=0.0, hi=0.0)), kernel=(1, 1))
    graph = b.graph(b.add(zero, b.conv("x", 3)))
    small = graph.nodes[2]
    small = replace(small, weight=small.weight * 1e-4, bias=small.bias * 1e-4)
    graph = replace(graph, nodes=(*graph.nodes[:2], small, graph.nodes[3]))
    add = quantize(graph, b.data(10)).nodes[-1]
    assert isinstance(add, QAdd)
    assert np.ptp(np.log2(add.requantize.multiplier)) < 8


@pytest.mark.parametrize("factor", [1e-25, 1e25])
def test_extreme_magnitudes(factor: float) -> None:
    b = Builder((3, 3, 2))
    graph = b.graph(b.dense(b.conv("x", 3, kernel=(2, 2)), 2))
    first = graph.nodes[0]
    scaled = replace(first, weight=first.weight * factor, bias=first.bias * factor)
    graph = replace(graph, nodes=(scaled, *graph.nodes[1:]))
    x = b.data(20)
    exact, found = outputs(graph, quantize(graph, x), x)
    assert np.abs(found - exact).max() <= 0.02 * np.abs(exact).max()


def test_same_input_same_graph() -> None:
    results = []
    for _ in range(2):
        b = Builder((6, 6, 3), seed=4)
        integer = quantize(b.graph(b.dense(b.conv("x", 4, kernel=(3, 3)), 2)), b.data(20))
        results.append(integer)
    assert results[0].tensors == results[1].tensors
    for one, other in zip(results[0].nodes, results[1].nodes, strict=True):
        assert one.weight.tobytes() == other.weight.tobytes()
        assert one.bias.tobytes() == other.bias.tobytes()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 3, 3), r"Input 'x' takes a batch of \(3, 3, 2\), not \(4, 3, 3\)"),
        ((5, 3, 2, 3), r"Input 'x' takes a batch of \(3, 3, 2\), not \(5, 3, 2, 3\)"),
        ((0, 3, 3, 2), "must hold at least one sample"),
    ],
)
def test_calibration_data_must_fit(shape: tuple[int, ...], message: str) -> None:
    b = Builder((3, 3, 2))
    with pytest.raises(DataError, match=message):
        quantize(b.graph(b.conv("x", 1)), np.zeros(shape))


def test_nodes_without_integer_form_are_named() -> None:
    b = Builder((3, 3, 4))
    names = {"inputs": ("x",), "output": "t", "name": "norm"}
    b.append(ChannelAffine(**names, scale=np.ones(4), offset=np.ones(4)), (3, 3, 4))
    with pytest.raises(QuantizationError, match=r"'norm' \(ChannelAffine\)"):
        quantize(b.graph("t"), b.data(3))
    b = Builder((3, 3, 4))
    with pytest.raises(QuantizationError, match="'node0' has 2 groups"):
        quantize(b.graph(b.conv("x", 4, groups=2)), b.data(3))


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("weight_bits", 1, "weight_bits"),
        ("weight_bits", 9, "weight_bits"),
        ("weight_bits", 4.0, "weight_bits"),
        ("activation_bits", 3, "act_bits"),
        ("multiplier_bits", 25, "multiplier_bits"),
        ("calibration_method", "median", "calibration"),
        ("weight_bits", True, "weight_bits"),
    ],
)
def test_options_out_of_range_are_named(option: str, value: object, name: str) -> None:
    with pytest.raises(QuantizationError, match=f"Option {name} must be"):
        QuantizeOptions(**{option: value})
