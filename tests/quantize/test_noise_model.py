"""The estimate of noise: against noise that is there, and its derivative against differences."""

from __future__ import annotations

import numpy as np
import pytest
from uneven_networks import noise_db, uneven_network

from nnhw.ir import Graph
from nnhw.quantize import QuantizeOptions, quantize, run_float
from nnhw.quantize.equalize import divide_channels
from nnhw.quantize.noise_gains import noise_gains
from nnhw.quantize.noise_model import NoiseModel
from nnhw.quantize.statistics import channel_statistics
from nnhw.quantize.tied_channels import TiedChannels, tie_channels


def model_of(graph: Graph, x: np.ndarray) -> tuple[TiedChannels, NoiseModel]:
    statistics = channel_statistics(graph, x)
    ties = tie_channels(graph, statistics)
    return ties, NoiseModel(graph, ties, statistics, QuantizeOptions())


@pytest.mark.parametrize(
    "operator", ["nothing", "average pool", "leaky relu", "flatten", "concatenation"]
)
def test_gain(operator: str) -> None:
    """Noise in all inputs, through a network that is linear or nearly so."""
    graph, _ = uneven_network(operator, "none", 4.0)
    x = np.random.default_rng(3).normal(size=(2000, *graph.tensors["x"].shape)).astype(np.float32)
    noise = 1e-2 * np.random.default_rng(4).normal(size=x.shape).astype(np.float32)
    statistics = channel_statistics(graph, x)
    expected = 1e-4 * noise_gains(graph, statistics)["x"].sum()
    clean, noisy = run_float(graph, x), run_float(graph, x + noise)
    found = sum(
        np.square(noisy[name] - clean[name]).sum() / np.var(clean[name], axis=0).sum() / len(x)
        for name in clean
    )
    assert 10 * np.log10(found / expected) == pytest.approx(0, abs=2)


@pytest.mark.parametrize("ratio", [1.0, 16.0])
@pytest.mark.parametrize(
    "operator", ["nothing", "max pool", "addition", "product", "depth to space"]
)
def test_estimate_is_near_the_noise_of_integers(operator: str, ratio: float) -> None:
    graph, x = uneven_network(operator, "relu", ratio)
    ties, noise_of = model_of(graph, x)
    estimate = -10 * np.log10(noise_of(np.ones(len(ties.smallest))).total / 2)  # two outputs
    measured = noise_db(graph, quantize(graph, x), x)
    assert estimate == pytest.approx(measured, abs=4)


def test_derivative() -> None:
    graph, x = uneven_network("concatenation", "relu", 4.0)
    ties, noise_of = model_of(graph, x)
    logarithms = np.random.default_rng(0).normal(size=len(ties.smallest))
    noise = noise_of(np.exp(logarithms))
    for number in range(len(logarithms)):
        step = 1e-6 * (np.arange(len(logarithms)) == number)
        above, below = (noise_of(np.exp(logarithms + sign * step)).total for sign in (1, -1))
        slope = (above - below) / 2e-6
        assert slope == pytest.approx(
            noise.rising[number] - noise.falling[number], abs=1e-6 * noise.total
        )


def test_noise_does_not_depend_on_the_factors_that_it_starts_from() -> None:
    """The same channels, divided before or not, have the same noise."""
    graph, x = uneven_network("addition", "relu", 4.0)
    ties, noise_of = model_of(graph, x)
    factors = 2.0 ** np.random.default_rng(0).integers(-3, 4, len(ties.smallest))
    factors[0] = 1
    divided = divide_channels(graph, ties, factors)
    again = model_of(divided, x)[1](np.ones(len(factors)))
    assert again.total == pytest.approx(noise_of(factors).total, rel=1e-5)
