"""Equalization: unequal channels cost no accuracy, whatever their ratio and what lies between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import Builder, Clamp
from uneven_networks import CHANNELS, CLAMPS, OPERATORS, UnevenBuilder, noise_db, uneven_network

from nnhw.errors import QuantizationError
from nnhw.ir import Conv
from nnhw.quantize import QuantizeOptions, equalize, quantize, run_float

MINMAX = QuantizeOptions(calibration_method="minmax")
"""Quicker than the default."""


@pytest.mark.parametrize(
    ("operator", "clamp", "ratio"),
    [
        (operator, clamp, (16.0, 1000.0, 100.0)[i % 3])
        for i, (operator, clamp) in enumerate(
            (*((operator, "none") for operator in OPERATORS), *(("nothing", c) for c in CLAMPS))
        )
    ],
)
def test_any_ratio_through_any_operator(operator: str, clamp: str, ratio: float) -> None:
    graph, x = uneven_network(operator, clamp, ratio)
    plain = noise_db(graph, quantize(graph, x, MINMAX), x)
    even = noise_db(graph, quantize(equalize(graph, x), x, MINMAX), x)
    assert plain < 24
    assert even > 31


@settings(max_examples=8)
@given(st.lists(st.floats(0, 3), min_size=CHANNELS, max_size=CHANNELS), st.integers(0, 99))
def test_any_ratios_of_channels(exponents: list[float], seed: int) -> None:
    """As good as with channels of equal range, within three decibels."""

    def noise(factors: np.ndarray) -> float:
        b = UnevenBuilder(1.0, seed)
        b.factors = factors
        graph, x = b.finish(b.add(b.uneven("x"), b.uneven("x"))), b.uniform()
        return noise_db(graph, quantize(equalize(graph, x), x, MINMAX), x)

    assert noise(10.0 ** np.array(exponents)) > noise(np.ones(CHANNELS)) - 3


def test_narrow_weights_are_spared() -> None:
    """Enlarging small channels makes their weights small: less of it where weights are narrow."""
    graph, x = uneven_network("nothing", "relu", 100.0)
    found = []
    for bits in (8, 4):
        options = QuantizeOptions(weight_bits=bits)
        weight = equalize(graph, x, options).nodes[0].weight
        largest = np.abs(weight).max(axis=(1, 2, 3))
        found.append(largest.max() / largest.min())
    assert 1 < found[0] < found[1] < 50


def test_equal_channels_are_left_alone() -> None:
    b = Builder((4, 4, 1))
    graph = b.graph(b.conv(b.conv("x", 1, clamp=Clamp(lo=0.0)), 2))
    assert equalize(graph, b.data(20)) is graph


def test_dead_channels() -> None:
    b = Builder((4, 4, 3))
    graph = b.graph(b.conv(b.conv("x", 5, clamp=Clamp(lo=0.0)), 5))
    first = graph.nodes[0]
    assert isinstance(first, Conv)
    factors = np.array([1.0, 0.0, 1.0, 1e-30, 1.0])
    bias = np.where(factors == 1, first.bias, 0)
    uneven = replace(first, weight=first.weight * factors[:, None, None, None], bias=bias)
    graph = replace(graph, nodes=(uneven, *graph.nodes[1:]))
    x = b.data(20)
    even = equalize(graph, x)
    weight = even.nodes[0].weight
    assert np.isfinite(weight).all()
    np.testing.assert_array_equal(weight[1], 0)
    output = graph.outputs[0].tensor
    exact, found = run_float(graph, x)[output], run_float(even, x)[output]
    np.testing.assert_allclose(found, exact, atol=1e-5 * np.abs(exact).max())


def test_values_that_are_not_finite_are_refused() -> None:
    b = Builder((1, 1, 2))
    graph = b.graph(b.dense(b.dense("x", 2), 1))
    first = graph.nodes[0]
    assert isinstance(first, Conv)
    first.weight[...] = 3e38
    with pytest.raises(QuantizationError, match="'t0' takes values that are not finite"):
        equalize(graph, np.full((1, 1, 1, 2), 9.0))
