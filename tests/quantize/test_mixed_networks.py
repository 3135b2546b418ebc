"""Networks that bring along some of their numbers: those stay, the others are calibrated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_graphs import Builder

from nnhw import golden
from nnhw.conversion import check_options, needs_calibration
from nnhw.errors import DataError, QuantizationError, UnsupportedError
from nnhw.ir import Conv, FakeQuantize, Graph, QConv, Quantization
from nnhw.options import BuildOptions
from nnhw.quantize import QuantizeOptions, quantize, run_float

GIVEN = Quantization(bits=8, scale=0.03, zero_point=5)


class MixedBuilder(Builder):
    """A builder of networks that are quantized in part."""

    def rounded(self, x: str) -> str:
        return self.append(FakeQuantize(**self._names(x), quantization=GIVEN), self.shape(x))

    def integer_conv(self, x: str, out: int) -> str:
        """A convolution whose weights are integers, -7 to 7, of scales."""
        x = self.conv(x, out)
        node = self.nodes[-1]
        assert isinstance(node, Conv)
        scale = np.abs(node.weight).max(axis=(1, 2, 3)) / 7
        steps = np.rint(node.weight / scale[:, None, None, None])
        weight = steps * scale[:, None, None, None]
        self.nodes[-1] = replace(node, weight=weight, weight_scale=scale)
        return x


def weights_only() -> tuple[Graph, np.ndarray]:
    b = MixedBuilder((4, 4, 3))
    return b.graph(b.integer_conv(b.integer_conv("x", 5), 4)), b.data(80)


def float_weights() -> tuple[Graph, np.ndarray]:
    b = MixedBuilder((4, 4, 3))
    return b.graph(b.rounded(b.conv(b.rounded("x"), 5))), b.data(80)


def float_tail() -> tuple[Graph, np.ndarray]:
    b = MixedBuilder((4, 4, 3))
    body = b.rounded(b.integer_conv(b.rounded("x"), 5))
    return b.graph(b.dense(b.add(body, b.conv(body, 5)), 4)), b.data(80)


def float_input() -> tuple[Graph, np.ndarray]:
    b = MixedBuilder((4, 4, 3))
    return b.graph(b.rounded(b.integer_conv("x", 5))), b.data(80)


def two_roundings() -> tuple[Graph, np.ndarray]:
    b = MixedBuilder((4, 4, 3))
    other = Quantization(bits=8, scale=0.04, zero_point=-3)
    x = b.append(FakeQuantize(**b._names("x"), quantization=other), (4, 4, 3))
    return b.graph(b.rounded(b.add(b.rounded("x"), x))), b.data(80)


NETWORKS = (weights_only, float_weights, float_tail, float_input, two_roundings)


@pytest.mark.parametrize("network", NETWORKS)
def test_they_compute_the_same(network) -> None:
    graph, x = network()
    integer = quantize(graph, x)
    name = graph.outputs[0].tensor
    q = golden.run(integer, golden.quantize_inputs(integer, x))[name]
    error = golden.dequantize(q, integer.tensors[name].q) - run_float(graph, x)[name]
    assert np.sqrt(np.mean(np.square(error))) < 1.5 * integer.tensors[name].q.scale


@pytest.mark.parametrize("network", NETWORKS)
def test_without_data_they_are_refused(network) -> None:
    graph, _ = network()
    assert needs_calibration(graph, BuildOptions())
    with pytest.raises(UnsupportedError, match=r"give data \(--data\) to calibrate"):
        quantize(graph)
    with pytest.raises(DataError, match=r"(?s)needs samples.*is quantized but for this:\n  - "):
        check_options(graph, None, BuildOptions())


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_given_stays(network) -> None:
    graph, x = network()
    options = QuantizeOptions(activation_bits=6, weight_bits=5, calibration_method="minmax")
    integer = quantize(graph, x, options)
    rounded = [node.output for node in graph.nodes if isinstance(node, FakeQuantize)]
    for name in rounded:
        if name in integer.tensors:
            (node,) = (n for n in graph.nodes if n.output == name)
            assert integer.tensors[name].q == node.quantization
    given = {n.name: n for n in graph.nodes if isinstance(n, Conv) and n.weight_scale is not None}
    for node in integer.nodes:
        if isinstance(node, QConv):
            assert node.weight_bits == (4 if node.name in given else 5)
            if node.name in given:
                steps = given[node.name].weight / given[node.name].weight_scale[:, None, None, None]
                np.testing.assert_array_equal(node.weight, np.rint(steps))
    calibrated = {float_weights: 0, two_roundings: 1, float_input: 1, weights_only: 3}
    if network in calibrated:
        assert sum(t.q.bits == 6 for t in integer.tensors.values()) == calibrated[network]


def test_weights_between_given_scales_follow_narrow_multipliers() -> None:
    graph, x = float_weights()
    (node,) = quantize(graph, x).nodes
    assert node.requantize.multiplier.max() < 1 << 16
    assert (node.requantize.multiplier % 2 == 1).all()


def test_options_concern_what_is_open() -> None:
    graph, x = float_weights()
    check_options(graph, "data.npz", BuildOptions(weight_bits=4))
    with pytest.raises(QuantizationError, match="leave out the options power_of_two, act_bits, or"):
        check_options(graph, "data.npz", BuildOptions(act_bits=6, power_of_two=True))
    with pytest.raises(QuantizationError, match="power_of_two"):
        quantize(graph, x, QuantizeOptions(power_of_two=True))
    graph, x = float_input()
    check_options(graph, "data.npz", BuildOptions(act_bits=6, calibration="minmax"))
    with pytest.raises(QuantizationError, match="leave out the option weight_bits, or"):
        check_options(graph, "data.npz", BuildOptions(weight_bits=4))
    graph, x = float_tail()
    with pytest.raises(QuantizationError, match="bits names 'node1'"):
        quantize(graph, x, QuantizeOptions(layer_bits={"node1": 4}))
