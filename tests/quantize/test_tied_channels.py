"""Sets of channels: which there are, and that any factors of theirs change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import Builder, Clamp, builders
from uneven_networks import CHANNELS, CLAMPS, OPERATORS, UnevenBuilder, uneven_network

from nnhw.ir import Graph
from nnhw.quantize import run_float
from nnhw.quantize.equalize import divide_channels
from nnhw.quantize.statistics import channel_statistics
from nnhw.quantize.tied_channels import TiedChannels, tie_channels


def ties_of(graph: Graph, x: np.ndarray) -> TiedChannels:
    return tie_channels(graph, channel_statistics(graph, x))


def check_unchanged(graph: Graph, x: np.ndarray, seed: int) -> TiedChannels:
    """Powers of two, within their bounds, change no bit of the outputs."""
    ties = ties_of(graph, x)
    lowest = np.ceil(np.log2(np.maximum(ties.smallest, 2.0**-10))).astype(int)
    highest = np.log2(np.minimum(ties.largest, 2.0**10)).astype(int)
    exponents = np.random.default_rng(seed).integers(lowest, highest + 1)
    divided = divide_channels(graph, ties, 2.0**exponents)
    exact, found = run_float(graph, x), run_float(divided, x)
    for name in exact:
        np.testing.assert_array_equal(found[name], exact[name])
    return ties


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_factors_change_nothing(operator: str, clamp: str) -> None:
    ties = check_unchanged(*uneven_network(operator, clamp, 16.0), seed=0)
    assert (ties.smallest < ties.largest).any(), "there are sets to divide"


@settings(max_examples=30)
@given(builders(), st.integers(0, 2**32 - 1))
def test_factors_change_nothing_in_random_networks(made: tuple[Builder, str], seed: int) -> None:
    builder, output = made
    check_unchanged(builder.graph(builder.conv(output, 3)), builder.data(20), seed)


def numbers_of(ties: TiedChannels, *names: str) -> list[list[int]]:
    return [ties.numbers[name].tolist() for name in names]


def test_convolutions_separate_and_other_operators_join() -> None:
    b = UnevenBuilder(1.0)
    first, second = b.uneven("x"), b.uneven("x")
    filtered = b.depthwise(first)
    total = b.add(filtered, b.slice(second, (1, 1, 0), 4, 4, CHANNELS))
    flat = b.reshape(b.max_pool(total, kernel=(2, 2)), (1, 1, 9 * CHANNELS))
    ties = ties_of(b.graph(b.dense(flat, 2)), b.uniform())
    one, two, three, four, five = numbers_of(ties, first, second, filtered, total, flat)
    assert two == three == four
    assert five == four * 9
    assert len({*one, *two}) == 2 * CHANNELS, "a depthwise convolution ties nothing"
    assert 0 not in (*one, *two)


def test_parts_have_the_factors_of_the_whole() -> None:
    b = UnevenBuilder(1.0)
    first, second = b.uneven("x"), b.conv("x", 3)
    whole = b.concat(second, "x", first)
    part = b.slice(whole, (0, 0, 2), 6, 6, 7)
    ties = ties_of(b.graph(b.conv(part, 2)), b.uniform())
    one, two, all_of_them, some = numbers_of(ties, first, second, whole, part)
    assert all_of_them == [*two, 0, 0, 0, 0, *one]
    assert some == all_of_them[2:9]


@pytest.mark.parametrize("kind", ["sigmoid", "output", "crossing clamp", "input"])
def test_what_keeps_its_channels(kind: str) -> None:
    b = UnevenBuilder(1.0)
    x = b.uneven("x", clamp=Clamp(lo=0.5) if kind == "crossing clamp" else Clamp())
    outputs = [b.conv(x, 2)]
    if kind == "sigmoid":
        outputs.append(b.conv(b.function(x, "sigmoid"), 2))
    elif kind == "output":
        outputs.append(x)
    elif kind == "input":
        b.add(x, b.conv("x", CHANNELS))
        outputs.append(b.conv(b.add("x", b.slice(x, (0, 0, 0), 6, 6, 4)), 2))
    ties = ties_of(b.graph(*outputs), b.uniform())
    assert ties.numbers[x].tolist()[:4] == [0] * 4
    assert ties.smallest[0] == ties.largest[0] == 1


def test_a_product_has_the_factors_of_one_operand() -> None:
    b = UnevenBuilder(1.0)
    first, second, gate = b.uneven("x"), b.uneven("x"), b.gate()
    product = b.multiply(first, second)
    gated = b.multiply(gate, b.multiply(product, gate))
    square = b.multiply(third := b.uneven("x"), third)
    ties = ties_of(b.graph(b.conv(gated, 2), b.conv(square, 2)), b.uniform())
    one, two, three, four, five, six = numbers_of(
        ties, first, second, product, gated, third, square
    )
    assert 0 not in one
    assert one == three == four
    assert two == five == six == [0] * CHANNELS


def test_bounds_are_reached_by_enlarging() -> None:
    b = UnevenBuilder(10.0)
    bounded = b.uneven("x", clamp=Clamp(lo=-1.0, hi=2.0))
    graph, x = b.graph(b.conv(bounded, 2)), b.uniform()
    ties, values = ties_of(graph, x), run_float(graph, x, keep=[bounded])[bounded]
    numbers = ties.numbers[bounded]
    reached = np.maximum(values.max(axis=(0, 1, 2)) / 2, -values.min(axis=(0, 1, 2)))
    np.testing.assert_allclose(ties.smallest[numbers], reached, rtol=1e-6)
    assert (ties.largest[numbers] == 1).all()
    assert reached.min() < 0.5
    assert reached.max() == 1
