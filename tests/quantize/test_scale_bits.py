"""Narrower multipliers than the scales of a quantized model ask for, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_graphs import Builder
from round_trips import check_same, everything, read_again, requantizations

from nnhw import golden
from nnhw.conversion import Samples, convert, exact_integers
from nnhw.data import Dataset
from nnhw.frontend import load_model, write_qdq
from nnhw.ir import FakeQuantize, Graph, Node, QConv, Requantize
from nnhw.options import BuildOptions
from nnhw.report.changed_roundings import measure_changed_roundings


def constants(graph: Graph) -> Iterator[Requantize]:
    for node in graph.nodes:
        yield from requantizations(node)


def widest(graph: Graph) -> int:
    return max(int(item.multiplier.max()).bit_length() for item in constants(graph))


def with_other_scales(graph: Graph, x: np.ndarray, folder: Path) -> Graph:
    """A quantized model whose scales are no fractions of narrow multipliers."""
    whole = convert(graph, Samples(calibration=Dataset(x=x)), BuildOptions(trim=False)).whole
    write_qdq(whole, folder / "model.onnx")
    network = load_model(folder / "model.onnx")
    rng = np.random.default_rng(0)

    def other(node: Node) -> Node:
        if not isinstance(node, FakeQuantize):
            return node
        q = node.quantization
        scale = float(np.float32(q.scale * rng.uniform(0.9, 1.1)))
        return replace(node, quantization=replace(q, scale=scale))

    return replace(network, nodes=tuple(map(other, network.nodes)))


@pytest.fixture(scope="module")
def arbitrary(tmp_path_factory) -> tuple[Graph, np.ndarray]:
    """Such a model of every operator."""
    graph, x = everything()
    return with_other_scales(graph, x, tmp_path_factory.mktemp("arbitrary")), x


def built(network: Graph, **options: int) -> Graph:
    return convert(network, Samples(), BuildOptions(trim=False, **options)).whole


@pytest.mark.parametrize("bits", [10, 12, 16, 18, 23])
def test_no_multiplier_is_wider(arbitrary, bits):
    network, _ = arbitrary
    exact, narrow = built(network), built(network, scale_bits=bits)
    assert widest(exact) > 20
    assert widest(narrow) == bits
    for one, other in zip(constants(exact), constants(narrow), strict=True):
        wanted, found = (c.multiplier * 0.5**c.shift for c in (one, other))
        # terms of a sum share a shift, so that the smaller one has fewer bits
        largest = wanted.max(axis=-1, keepdims=True) if wanted.ndim > 1 else wanted
        assert (abs(found - wanted) <= largest * 2.0 ** -min(bits - 2, 20)).all()


def test_without_a_limit_nothing_changes(arbitrary):
    network, _ = arbitrary
    exact = built(network)
    scales = {node.name: node.weight_scale for node in exact.nodes if isinstance(node, QConv)}
    again = built(network, scale_bits=24)
    for one, other in zip(constants(exact), constants(again), strict=True):
        assert widest(again) > 20
        assert np.allclose(
            one.multiplier * 0.5**one.shift, other.multiplier * 0.5**other.shift, rtol=1e-6
        )
    for node in again.nodes:
        if isinstance(node, QConv):
            np.testing.assert_allclose(node.weight_scale, scales[node.name], rtol=1e-6)


def test_scales_of_weights_are_those_of_the_hardware(arbitrary):
    """So model.qdq.onnx says what is built."""
    network, _ = arbitrary
    narrow = built(network, scale_bits=11)
    convolutions = [node for node in narrow.nodes if isinstance(node, QConv)]
    assert convolutions
    for node in convolutions:
        scale = node.weight_scale * narrow.tensors[node.inputs[0]].q.scale
        ratio = node.requantize.multiplier * 0.5**node.requantize.shift
        np.testing.assert_allclose(scale / narrow.tensors[node.output].q.scale, ratio, rtol=1e-12)


def test_the_file_comes_back_as_the_same_factors(tmp_path: Path):
    """A network of convolutions, whose scales of weights are all that there is to follow."""
    b = Builder((6, 6, 3), seed=5)
    graph = b.graph(b.dense(b.conv(b.conv("x", 5, kernel=(3, 3)), 4), 3))
    network = with_other_scales(graph, b.data(60), tmp_path)
    narrow = built(network, scale_bits=12)
    assert widest(narrow) == 12 < widest(built(network))
    again = read_again(narrow, tmp_path)
    assert widest(again) <= 12
    for one, other in zip(narrow.nodes, again.nodes, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.bias, other.bias)
    for one, other in zip(constants(narrow), constants(again), strict=True):
        np.testing.assert_array_equal(
            one.multiplier * 0.5**one.shift, other.multiplier * 0.5**other.shift
        )


def test_small_fractions_are_kept_if_they_are_narrow_enough(tmp_path: Path):
    graph, x = everything()
    options = BuildOptions(trim=False)
    whole = convert(graph, Samples(calibration=Dataset(x=x)), options).whole
    write_qdq(whole, tmp_path / "model.onnx")
    network = load_model(tmp_path / "model.onnx")
    check_same(whole, built(network, scale_bits=16))
    assert widest(built(network, scale_bits=10)) <= 10


def test_a_float_network_has_no_wider_ones_either():
    graph, x = everything()
    samples = Samples(calibration=Dataset(x=x))
    narrow = convert(graph, samples, BuildOptions(trim=False, scale_bits=10)).whole
    assert widest(narrow) <= 10
    assert exact_integers(graph, samples, BuildOptions(scale_bits=10)) is None


def test_changed_roundings_are_counted(arbitrary):
    network, x = arbitrary
    samples = Samples()
    options = BuildOptions(trim=False, scale_bits=11)
    conversion = convert(network, samples, options)
    exact = exact_integers(conversion.simplified, samples, options)
    narrow = conversion.whole
    changed = measure_changed_roundings(exact, narrow, x)
    assert (changed.bits, changed.exact_bits) == (11, widest(exact))
    assert changed.samples == len(x) == 60
    frames = golden.quantize_inputs(exact, x)
    wanted = golden.run(exact, frames, keep=exact.tensors)
    found = golden.run(narrow, frames)
    largest = 0
    for port in narrow.outputs:
        difference = abs(found[port.tensor].astype(int) - wanted[port.tensor])
        rate = 100 * np.count_nonzero(difference) / difference.size
        assert changed.outputs[port.onnx_name] == pytest.approx(rate)
        largest = max(largest, difference.max())
    assert changed.largest == largest > 0
    # of the first node all operands are exact
    first = narrow.nodes[0]
    own = 100 * np.mean(
        golden.run(narrow, frames, keep=[first.output])[first.output] != wanted[first.output]
    )
    assert changed.layer_rate >= own > 0
    assert changed.layer in {node.name for node in narrow.nodes}
    assert exact_integers(conversion.simplified, samples, BuildOptions()) is None


def test_equal_networks_have_nothing_changed(arbitrary):
    network, x = arbitrary
    exact = built(network)
    changed = measure_changed_roundings(exact, exact, x)
    assert set(changed.outputs.values()) == {0.0}
    assert (changed.largest, changed.layer, changed.layer_rate) == (0, None, 0.0)
    without = measure_changed_roundings(exact, exact, None)
    assert (without.samples, without.outputs) == (0, {})
