"""The golden model of hardware that errs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw import golden
from nnhw.errors import DataError
from nnhw.golden import Noise, NoisyModel
from nnhw.golden.noise import disturbed_weights, flipped
from nnhw.ir import Graph, QConv, Quantization


@pytest.mark.parametrize("seed", range(20))
def test_without_noise_it_is_the_golden_model(seed):
    builder, graph = random_network(seed, largest=5)
    frames = builder.frames(3)
    expected = golden.run(graph, frames, keep=graph.tensors)
    found = NoisyModel(graph, Noise()).run(frames, keep=graph.tensors)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values, name)


@pytest.mark.parametrize(("bits", "signed"), [(8, True), (8, False), (4, True), (3, False)])
def test_flipped_bits(bits, signed):
    lo = -(1 << (bits - 1)) if signed else 0
    values = np.arange(lo, lo + (1 << bits)).astype(np.int8 if signed else np.uint8)
    many = np.tile(values, 4000)
    rng = np.random.default_rng(0)
    changed = flipped(many, bits, 0.02, rng, signed=signed)
    assert changed.dtype == many.dtype
    assert changed.min() >= lo
    assert changed.max() < lo + (1 << bits)
    different = (many.astype(int) ^ changed.astype(int)) & ((1 << bits) - 1)
    for bit in range(bits):
        assert (different >> bit & 1).mean() == pytest.approx(0.02, rel=0.1)
    inverted = flipped(values, bits, 1.0, rng, signed=signed)
    assert inverted.tolist() == ([~int(v) for v in values] if signed else values[::-1].tolist())
    assert flipped(values, bits, 0.0, rng, signed=signed) is values


def one_convolution(scale: float = 1.0) -> tuple[np.ndarray, QConv, Graph]:
    """A convolution of zeros whose output step is `scale` units of the accumulator."""
    builder = IntegerBuilder((24, 24, 3), bits=8)
    graph = builder.graph(builder.conv("x", 8, kernel=(3, 3)))
    (node,) = graph.nodes
    constants = replace(
        node.requantize,
        multiplier=np.full(8, 3),
        shift=np.full(8, int(np.log2(3 * scale))),
        lo=-128,
        hi=127,
    )
    node = replace(node, requantize=constants, bias=np.zeros_like(node.bias))
    middle = Quantization(bits=8, scale=1.0, zero_point=0)
    tensors = graph.tensors | {
        node.output: replace(graph.tensors[node.output], quantization=middle)
    }
    return builder.frames(4), node, replace(graph, nodes=(node,), tensors=tensors)


def test_noise_of_sums_is_a_share_of_the_results_range():
    frames, node, graph = one_convolution(scale=4096 / 3)
    node.weight[...] = 0
    clean = golden.run(graph, frames)[node.output].astype(int)
    found = NoisyModel(graph, Noise(sums=0.05)).run(frames)[node.output].astype(int)
    steps = found - clean
    assert steps.std() == pytest.approx(0.05 * 256, rel=0.05)
    assert abs(steps.mean()) < 0.5


def test_noise_of_weights_is_a_share_of_the_largest():
    _, node, _ = one_convolution()
    noise = Noise(weights=0.1)
    differences = np.concatenate(
        [
            (disturbed_weights(node, noise, np.random.default_rng(i)) - node.weight).ravel()
            for i in range(20)
        ]
    )
    assert differences.std() == pytest.approx(0.1 * np.abs(node.weight.astype(int)).max(), rel=0.05)
    flips = Noise(weight_flips=1.0)
    inverted = disturbed_weights(node, flips, np.random.default_rng(0))
    assert inverted.tolist() == (~node.weight).tolist()


@pytest.mark.parametrize(
    "noise", [Noise(weights=0.1), Noise(weight_flips=0.02), Noise(sums=0.1)], ids=str
)
def test_weights_stay_wrong_and_sums_do_not(noise):
    frames, node, graph = one_convolution(scale=64)
    hardware = NoisyModel(graph, noise, seed=[3, 1])
    first, second = (hardware.run(frames)[node.output] for _ in range(2))
    assert (first != golden.run(graph, frames)[node.output]).any()
    assert (first == second).all() == (not noise.sums)
    again = NoisyModel(graph, noise, seed=[3, 1]).run(frames)[node.output]
    assert (first == again).all()
    other = NoisyModel(graph, noise, seed=[3, 2]).run(frames)[node.output]
    assert (first != other).any()


def test_very_much_noise_overflows_nothing():
    frames, node, graph = one_convolution()
    found = NoisyModel(graph, Noise(sums=1e30, weights=1e30)).run(frames)[node.output]
    assert set(np.unique(found)) <= {-128, 127}


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        ({"sums": -0.1}, "'sums' must be a number from 0 on, not -0.1"),
        ({"weights": float("nan")}, "'weights' must be a number"),
        ({"weight_flips": 1.5}, "'weight_flips' must be a probability from 0 to 1, not 1.5"),
    ],
)
def test_levels_are_checked(level, wanted):
    with pytest.raises(DataError, match=wanted):
        Noise(**level)
