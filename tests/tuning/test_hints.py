"""Hints: what hidden layers of the float network say."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from random_graphs import Builder

from nnhw import golden
from nnhw.data import Dataset
from nnhw.ir import as_batch
from nnhw.options import TuneOptions
from nnhw.quantize import QuantizeOptions, quantize, run_float
from nnhw.tuning.begin import input_means
from nnhw.tuning.hints import FEW, Hints
from nnhw.tuning.network import Network
from nnhw.tuning.splits import Splits
from nnhw.tuning.twin import from_torch

EPOCHS = 10


def begun(count: int = 40, **options: object) -> tuple[Network, Hints, np.ndarray]:
    """A network of two hidden layers and an output, weights of 3 bits."""
    b = Builder((6, 6, 2), seed=3)
    graph = b.graph(b.dense(b.conv(b.conv("x", 4, kernel=(3, 3)), 6, kernel=(2, 2)), 5))
    x = b.data(40)
    integer = quantize(graph, x, QuantizeOptions(weight_bits=3, activation_bits=8))
    network = Network(graph, integer, quantization=QuantizeOptions(), means=input_means(graph, x))
    data = Dataset(x=as_batch(graph, x))
    train = Dataset(x=as_batch(graph, np.repeat(x, -(-count // len(x)), axis=0)[:count]))
    splits = Splits(train=train, calibration=data, validation=data)
    return network, Hints(network, splits, TuneOptions(epochs=EPOCHS, **options)), x


def test_the_distance_is_that_of_hidden_layers() -> None:
    network, hints, x = begun()
    outputs = {port.tensor for port in network.float_graph.outputs}
    names = hints.tensors(0.0)
    assert len(names) == 2
    assert not outputs & set(names)
    graph = network.to_graph()
    q = golden.quantize_inputs(graph, x)
    found = network(q, names)
    assert set(found) == outputs | set(names)
    integers = golden.run(graph, q, keep=names)
    wanted = run_float(network.float_graph, x, names)
    distances = []
    for name in names:
        real = golden.dequantize(integers[name], graph.tensors[name].q)
        np.testing.assert_array_equal(from_torch(found[name]), real)
        distances.append(np.square(real - wanted[name]).mean() / wanted[name].var())
    loss = hints.loss({name: found[name] for name in names}, as_batch(graph, x), 0.0)
    assert float(loss.detach()) == pytest.approx(np.mean(distances), rel=1e-4)
    assert float(loss.detach()) > 1e-3
    network.zero_grad()
    loss.backward()
    *hidden, last = network.weights
    assert all(float(weight.grad.abs().sum()) > 0 for weight in hidden)
    assert last.grad is None or not last.grad.any()


def test_hints_fade() -> None:
    network, hints, x = begun()
    found = network(golden.quantize_inputs(network.to_graph(), x), hints.tensors(0.0))
    layers = {name: found[name] for name in hints.tensors(0.0)}
    batch = as_batch(network.float_graph, x)
    first, later = (float(hints.loss(layers, batch, at).detach()) for at in (0.0, 0.35 * EPOCHS))
    assert later == pytest.approx(first / 2)
    assert hints.tensors(0.69 * EPOCHS)
    assert not hints.tensors(0.7 * EPOCHS)


@pytest.mark.parametrize(
    ("count", "options", "expected"),
    [
        (FEW, {}, True),
        (FEW + 1, {}, False),
        (FEW + 1, {"hints": "on"}, True),
        (40, {"hints": "off"}, False),
        (40, {"teacher": False, "labels": True}, False),
        (40, {"prune_to": 0.5}, False),
    ],
)
def test_where_there_are_hints(count: int, options: dict, expected: bool) -> None:
    _, hints, _ = begun(count, **options)
    assert bool(hints.tensors(0.0)) == expected


def test_a_network_without_hidden_layers() -> None:
    b = Builder((3, 3, 2), seed=1)
    graph = b.graph(b.dense("x", 4))
    x = b.data(30)
    integer = quantize(graph, x, QuantizeOptions(weight_bits=4, activation_bits=8))
    data = Dataset(x=as_batch(graph, x))
    splits = Splits(train=data, calibration=data, validation=data)
    network = Network(graph, integer, quantization=QuantizeOptions(), means=input_means(graph, x))
    hints = Hints(network, splits, TuneOptions())
    assert hints.tensors(0.0) == ()
