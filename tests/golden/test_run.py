"""The golden model as a whole."""

from dataclasses import replace

import numpy as np
import pytest
from contract import run_slowly
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw import golden
from nnhw.errors import QuantizationError
from nnhw.golden.conv import exact_type
from nnhw.ir import Graph, QConv, Quantization, execute


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_follow_the_contract(seed: int) -> None:
    builder, graph = random_network(seed, largest=5)
    frames = builder.frames(3)
    result = golden.run(graph, frames, keep=graph.tensors)
    for index, frame in enumerate(frames):
        for name, expected in run_slowly(graph, frame).items():
            np.testing.assert_array_equal(result[name][index], expected.astype(int), name)


def test_large_sums_are_exact() -> None:
    """A sum beyond float32's 24 bits, where a float32 product would lose the last bits."""
    assert exact_type((1 << 24) - 1) is np.float32
    assert exact_type(1 << 24) is np.float64
    builder = IntegerBuilder((1, 1, 4001), bits=8)
    graph = builder.graph(builder.dense("x", 2))
    (node,) = graph.nodes
    assert isinstance(node, QConv)
    node.weight[...] = 127
    node.weight[1, ..., 1::2] = -127
    ones = replace(node.requantize, multiplier=np.array([1, 1]), shift=np.array([1, 1]))
    q = Quantization(bits=8, scale=1.0, zero_point=-128)
    tensors = {name: replace(tensor, quantization=q) for name, tensor in graph.tensors.items()}
    frames = np.full((1, 1, 1, 4001), 127, np.int8)
    frames[..., 0] = 126
    for rest, y in ((100, 50), (101, 50), (103, 52)):  # what the bias leaves of the sum
        bias = np.array([rest - 127 * (255 * 4001 - 1), rest - 127 * 254])
        exact = replace(node, bias=bias, requantize=replace(ones, lo=-128, hi=127))
        found = golden.run(replace(graph, nodes=(exact,), tensors=tensors), frames)
        assert found[node.output].ravel().tolist() == [y - 128, y - 128]


def test_padding_never_wins_a_max_pool() -> None:
    builder = IntegerBuilder((3, 3, 2), bits=8)
    graph = builder.graph(builder.max_pool("x", kernel=(3, 3), pads=(1, 1, 1, 1)))
    node = replace(graph.nodes[0], lo=-128, hi=127)
    frames = np.full((1, 3, 3, 2), -128, np.int8)
    assert (golden.run(replace(graph, nodes=(node,)), frames)[node.output] == -128).all()


def small() -> tuple[IntegerBuilder, Graph]:
    builder = IntegerBuilder((4, 4, 2), seed=5, bits=4)
    return builder, builder.graph(builder.conv(builder.conv("x", 3, kernel=(2, 2)), 2))


def test_batches_are_independent_of_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    builder, graph = small()
    frames = builder.frames(50)
    whole = golden.run(graph, frames)["t1"]
    monkeypatch.setattr(execute, "_CHUNK_ELEMENTS", 500)
    assert 1 < execute.chunk_size(graph) < 50
    np.testing.assert_array_equal(golden.run(graph, frames)["t1"], whole)


def test_keep_chooses_the_tensors() -> None:
    builder, graph = small()
    assert set(golden.run(graph, builder.frames(2))) == {"t1"}
    kept = golden.run(graph, builder.frames(2), keep=["t0", "x"])
    assert {name: values.shape for name, values in kept.items()} == {
        "t0": (2, 3, 3, 3),
        "x": (2, 4, 4, 2),
    }
    with pytest.raises(ValueError, match="no tensors"):
        golden.run(graph, builder.frames(2), keep=["t7"])


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 4, 4, 3), np.int8), "takes a batch of"),
        (np.zeros((0, 4, 4, 2), np.int8), "takes a batch of"),
        (np.zeros((2, 4, 4, 2), np.int16), "takes int4 values"),
        (np.full((2, 4, 4, 2), 8, np.int8), "takes int4 values"),
    ],
)
def test_wrong_frames_are_refused(frames: np.ndarray, message: str) -> None:
    _, graph = small()
    with pytest.raises(ValueError, match=message):
        golden.run(graph, frames)


def test_products_beyond_int64_are_refused() -> None:
    builder, graph = small()
    node = graph.nodes[0]
    assert isinstance(node, QConv)
    node.requantize.multiplier[0] = 1 << 60
    with pytest.raises(QuantizationError, match="node0"):
        golden.run(graph, builder.frames(2))
