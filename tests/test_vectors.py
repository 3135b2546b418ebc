"""Test vectors are the golden model's bytes, in stream order."""

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.budget import memory_budget
from nnhw.errors import BudgetError
from nnhw.golden import quantize_input, run
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.vectors import make_vectors


@pytest.fixture(scope="module")
def network():
    """A graph with a Reshape in the middle, which is no layer; frames; names of the layers."""
    builder = Builder((4, 4, 3))
    x = builder.reshape(builder.conv("x", 6, kernel=(3, 3)), (1, 1, 24))
    graph = builder.graph(builder.dense(x, 5))
    data = builder.data(10)
    integer = quantize(graph, data, QuantizeOptions(activation_bits=6))
    layers = [integer.nodes[0].output, integer.nodes[2].output]
    return integer, quantize_input(data[:2], integer.tensors["x"].q), layers


def test_frames(network):
    graph, frames, layers = network
    vectors = make_vectors(graph, frames, layers)
    assert vectors.kinds == ("real", "real", "all-minimum", "all-maximum", "random")
    inputs = vectors.input.view(np.int8)
    assert inputs.shape == (5, 48)
    np.testing.assert_array_equal(inputs[:2], frames.reshape(2, -1))
    assert set(inputs[2]) == {-32}
    assert set(inputs[3]) == {31}
    assert inputs[4].min() >= -32
    assert inputs[4].max() <= 31
    assert len(set(inputs[4])) > 20


def test_layers_and_output(network):
    graph, frames, layers = network
    vectors = make_vectors(graph, frames, layers)
    batch = vectors.input.view(np.int8).reshape(5, 4, 4, 3)
    values = run(graph, batch, keep=layers)
    assert len(vectors.layers) == 2
    for layer, name in zip(vectors.layers, layers, strict=True):
        assert layer.dtype == np.uint8
        np.testing.assert_array_equal(layer.view(np.int8), values[name].reshape(5, -1))
    np.testing.assert_array_equal(vectors.output, vectors.layers[1])


def test_seed(network):
    graph, frames, layers = network
    first, same, other = (make_vectors(graph, frames, layers, seed).input for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first[4] != other[4]).any()


def test_no_real_frames(network):
    graph, frames, layers = network
    assert make_vectors(graph, frames[:0], layers).kinds == ("all-minimum", "all-maximum", "random")


def test_file(network, tmp_path):
    graph, frames, layers = network
    vectors = make_vectors(graph, frames, layers)
    for name in ("a.npz", "b.npz"):
        vectors.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as arrays:
        assert list(arrays) == ["input", "output", "layer_0", "layer_1", "kind"]
        assert tuple(arrays["kind"]) == vectors.kinds
        np.testing.assert_array_equal(arrays["layer_1"], vectors.layers[1])


def test_vectors_are_counted_before_they_are_made(network):
    graph, frames, layers = network
    with pytest.raises(
        BudgetError, match=r"^1,000,000,004 test vectors \(option vectors\) of .* --max-memory"
    ):
        make_vectors(graph, frames, layers, random=10**9)
    with memory_budget("1M"), pytest.raises(BudgetError, match="test vectors"):
        make_vectors(graph, frames, layers, random=20_000)
