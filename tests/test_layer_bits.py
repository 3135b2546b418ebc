"""Bits of each layer within a budget make the least noise that they can."""

import itertools
import random
from pathlib import Path

import pytest

from nnhw.conversion import Samples, quantize_network, relative_noise, simplify
from nnhw.data import load_data
from nnhw.errors import QuantizationError
from nnhw.frontend import load_model
from nnhw.ir import QConv
from nnhw.layer_bits import WIDTHS, best_assignment, choose_layer_bits
from nnhw.options import BuildOptions
from nnhw.quantize import run_float

EXAMPLES = Path(__file__).parents[1] / "examples"


def sized(counts, bits):
    return sum(count * each for count, each in zip(counts, bits, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_the_least_noise_of_all_assignments_is_found(seed):
    draw = random.Random(seed)
    counts = [draw.randint(1, 60) for _ in range(draw.randint(1, 5))]
    noises = [{bits: draw.random() / 4**bits for bits in WIDTHS} for _ in counts]
    budget = draw.uniform(2, 8.5) * sum(counts)

    def noise(bits):
        return sum(of[each] for of, each in zip(noises, bits, strict=True))

    found = best_assignment(counts, noises, budget)
    assert found is not None
    assert sized(counts, found) <= budget
    all_there_are = itertools.product(WIDTHS, repeat=len(counts))
    assert noise(found) == pytest.approx(
        min(noise(bits) for bits in all_there_are if sized(counts, bits) <= budget)
    )


def test_nothing_is_within_too_small_a_budget():
    assert best_assignment([10, 10], [{4: 0.1, 8: 0.0}] * 2, 79) is None
    assert best_assignment([10, 10], [{4: 0.1, 8: 0.0}] * 2, 80) == (4, 4)


def test_budgets_of_large_networks_are_kept():
    """Where sizes are rounded."""
    counts = [100_003, 7, 999_999, 1_234_567]
    noises = [{bits: 1 / 4**bits for bits in WIDTHS} for _ in counts]
    budget = 4.5 * sum(counts)
    found = best_assignment(counts, noises, budget)
    assert 0.95 * budget < sized(counts, found) <= budget


@pytest.mark.parametrize("mean_bits", [2, 3, 8])
def test_a_budget_of_just_one_width_is_possible(mean_bits):
    """Of sizes that are no multiples of a part of the budget."""
    counts = [100_003, 7, 999_999, 1_234_567] * 5
    noises = [{bits: count / 4**bits for bits in WIDTHS} for count in counts]
    budget = mean_bits * sum(counts)
    found = best_assignment(counts, noises, budget)
    assert found is not None
    assert sized(counts, found) <= budget
    assert 0.95 * budget < sized(counts, found)


@pytest.fixture(scope="module")
def network():
    model = load_model(EXAMPLES / "digits_mlp.onnx")
    data = load_data(EXAMPLES / "digits.npz", model)
    calibration, _ = data.split(0, 100)
    samples = Samples(calibration=calibration)
    return simplify(model, samples, BuildOptions()), samples


def noise_of(network, **options):
    graph, samples = network
    asked = BuildOptions(equalize="off", **options)
    integer = quantize_network(graph, samples, asked)[1]
    x = samples.calibration.x[:]
    layers = {node.name: node.weight.size for node in integer.nodes if isinstance(node, QConv)}
    return relative_noise(run_float(graph, x), integer, x), layers


@pytest.mark.parametrize("mean_bits", [2.5, 4, 5.5])
def test_mixed_widths_make_less_noise_than_one(network, mean_bits):
    graph, samples = network
    bits = choose_layer_bits(graph, samples.calibration, BuildOptions(), mean_bits)
    mixed, layers = noise_of(network, bits=bits)
    assert bits.keys() == layers.keys()
    assert sized(layers.values(), bits.values()) <= mean_bits * sum(layers.values())
    assert mixed <= noise_of(network, weight_bits=int(mean_bits))[0]


def test_layers_keep_bits_of_their_own(network):
    graph, samples = network
    _, layers = noise_of(network)
    first = next(iter(layers))
    options = BuildOptions(bits={first: 6})
    bits = choose_layer_bits(graph, samples.calibration, options, 6.5)
    assert bits[first] == 6
    with pytest.raises(QuantizationError, match=r"leave at least .* bits a weight, and mean_bits"):
        choose_layer_bits(graph, samples.calibration, options, 2)
