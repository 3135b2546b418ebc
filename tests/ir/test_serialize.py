"""Graphs survive a file, and the file's bytes depend on the graph alone."""

import json
import math
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from random_graphs import Builder, builders
from random_networks import random_network

from nnhw import golden
from nnhw.errors import ExportError
from nnhw.ir import (
    Clamp,
    Graph,
    Port,
    QAdd,
    QConv,
    Quantization,
    Requantize,
    Tensor,
    Window,
    load_graph,
    save_graph,
)


def integer_graph() -> Graph:
    """A pointwise convolution with 4-bit weights, and its result added to itself."""

    def tensor(name: str, channels: int, scale: float) -> Tensor:
        quantization = Quantization(bits=8, scale=scale, zero_point=-3)
        return Tensor(name=name, shape=(2, 2, channels), quantization=quantization)

    conv = QConv(
        name="/conv/Conv",
        inputs=("x",),
        output="c",
        window=Window(kernel=(1, 1), pads=(0, 0, 0, 0)),
        weight=np.arange(-8, 7, dtype=np.int8)[:6].reshape(2, 1, 1, 3),
        bias=np.array([-(2**40), 5], dtype=np.int64),
        weight_bits=4,
        weight_scale=np.array([0.1, 1e-9]),
        requantize=Requantize(
            multiplier=np.array([3, 2**31 - 1]),
            shift=np.array([1, 40]),
            lo=np.int64(-3),  # a NumPy scalar that slipped in
            hi=127,
        ),
    )
    add = QAdd(
        name="add",
        inputs=("c", "c"),
        output="y",
        requantize=Requantize(multiplier=np.array([7, 9]), shift=np.array([4, 4]), lo=-128, hi=127),
    )
    return Graph(
        name="net",
        nodes=(conv, add),
        tensors={
            t.name: t for t in (tensor("x", 3, 0.1), tensor("c", 2, 1e-30), tensor("y", 2, 3))
        },
        inputs=(Port(tensor="x", onnx_name="in", onnx_shape=(3, 2, 2)),),
        outputs=(
            Port(
                tensor="y",
                onnx_name="out",
                onnx_shape=(2, 2, 2),
                host_postprocess=("Softmax(axis=1)",),
            ),
        ),
    )


def test_integer_graph(tmp_path):
    graph = integer_graph()
    save_graph(graph, tmp_path / "graph.npz")
    loaded = load_graph(tmp_path / "graph.npz")

    assert loaded.name == "net"
    assert loaded.host_postprocess == ("Softmax(axis=1)",)
    assert loaded.tensors == graph.tensors
    assert (loaded.inputs, loaded.outputs) == (graph.inputs, graph.outputs)
    conv, add = loaded.nodes
    assert type(conv) is QConv
    assert (conv.name, conv.inputs, conv.output) == ("/conv/Conv", ("x",), "c")
    assert conv.window == graph.nodes[0].window
    assert (conv.weight_bits, conv.groups) == (4, 1)
    for field in ("weight", "bias", "weight_scale"):
        ours, theirs = getattr(conv, field), getattr(graph.nodes[0], field)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(conv.requantize.multiplier, [3, 2**31 - 1])
    np.testing.assert_array_equal(conv.requantize.shift, [1, 40])
    assert (conv.requantize.lo, conv.requantize.hi) == (-3, 127)
    assert type(conv.requantize.lo) is int
    assert type(add) is QAdd
    np.testing.assert_array_equal(add.requantize.multiplier, [7, 9])


@settings(max_examples=25, deadline=None)
@given(builders())
def test_any_float_graph(tmp_path_factory, drawn):
    """Saving what was loaded gives the bytes that were loaded: nothing got lost."""
    builder, output = drawn
    graph = builder.graph(output)
    folder = tmp_path_factory.mktemp("graphs")
    save_graph(graph, folder / "first.npz")
    loaded = load_graph(folder / "first.npz")
    save_graph(loaded, folder / "second.npz")
    assert (folder / "first.npz").read_bytes() == (folder / "second.npz").read_bytes()
    assert [type(node) for node in loaded.nodes] == [type(node) for node in graph.nodes]
    assert loaded.tensors == graph.tensors


def test_infinite_clamp(tmp_path):
    builder = Builder((3, 3, 2))
    graph = builder.graph(builder.conv("x", 4, clamp=Clamp(lo=0.0)))
    save_graph(graph, tmp_path / "graph.npz")
    assert load_graph(tmp_path / "graph.npz").nodes[0].clamp == Clamp(lo=0.0, hi=math.inf)


def test_missing_file(tmp_path):
    with pytest.raises(ExportError, match=r"Graph file '.*graph\.npz' does not exist"):
        load_graph(tmp_path / "graph.npz")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("cut short", "is not an .npz archive"),
        ("no archive", "is not an .npz archive"),
        ("a terabyte", "its header says shape (1000000000000,) of float32"),
        ("other archive", "does not hold a graph of this version"),
        ("other class", "does not hold a graph of this version"),
    ],
)
def test_wrong_file(tmp_path, damage, told):
    path = tmp_path / "graph.npz"
    save_graph(integer_graph(), path)
    match damage:
        case "cut short":
            path.write_bytes(path.read_bytes()[:-30])
        case "no archive":
            path.write_text("graph")
        case "a terabyte":
            header = {"descr": "<f4", "fortran_order": False, "shape": (10**12,)}
            with zipfile.ZipFile(path, "w") as archive, archive.open("graph.npy", "w") as file:
                np.lib.format.write_array_header_1_0(file, header)
        case "other archive":
            np.savez(path, x=np.zeros(3))
        case "other class":
            np.savez(path, graph=np.array(json.dumps({"class": "Softmax"})))
    with pytest.raises(ExportError, match=re.escape(told)):
        load_graph(path)


def test_no_timestamp(tmp_path):
    save_graph(integer_graph(), tmp_path / "graph.npz")
    with zipfile.ZipFile(tmp_path / "graph.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("seed", range(12))
def test_every_integer_operator_survives(tmp_path, seed):
    builder, graph = random_network(seed)
    save_graph(graph, tmp_path / "graph.npz")
    loaded = load_graph(tmp_path / "graph.npz")
    frames = builder.frames(3)
    expected = golden.run(graph, frames, keep=graph.tensors)
    for name, values in golden.run(loaded, frames, keep=graph.tensors).items():
        np.testing.assert_array_equal(values, expected[name])
