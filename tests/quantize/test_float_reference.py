"""Float execution of every operator against onnxruntime."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.ir import (
    AveragePool,
    ChannelAffine,
    Clamp,
    Clip,
    Conv,
    Graph,
    MaxPool,
    Node,
    Tensor,
    execute,
)
from nnhw.quantize import run_float

WINDOWS = (
    {"kernel": (1, 1)},
    {"kernel": (6, 4), "stride": (1, 2)},
    {"kernel": (3, 2), "stride": (2, 1), "pads": (1, 0, 2, 1)},
    {"kernel": (2, 3), "pads": (0, 1, 1, 1), "dilation": (2, 2)},
)


def onnx_result(node: Node, x: np.ndarray) -> np.ndarray:
    """Output of a node's ONNX counterpart for one (N, H, W, C) input, channels last."""
    onnx = pytest.importorskip("onnx")
    ort = pytest.importorskip("onnxruntime")
    constants: dict[str, np.ndarray] = {}
    attributes: dict = {}
    if isinstance(node, Conv | MaxPool | AveragePool):
        window = node.window
        attributes = {
            "kernel_shape": window.kernel,
            "strides": window.stride,
            "pads": window.pads,
            "dilations": window.dilation,
        }
    match node:
        case Conv():
            constants = {"w": node.weight.transpose(0, 3, 1, 2), "b": node.bias}
            attributes["group"] = node.groups
        case ChannelAffine():
            return x * node.scale + node.offset
    helper, float_type = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [helper.make_node(type(node).__name__, ["x", *constants], ["y"], **attributes)]
    if node.clamp != Clamp():
        nodes[0].output[0] = "t"
        constants |= {"lo": np.array(node.clamp.lo), "hi": np.array(node.clamp.hi)}
        nodes.append(helper.make_node("Clip", ["t", "lo", "hi"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", float_type, [None] * 4)],
        [helper.make_tensor_value_info("y", float_type, [None] * 4)],
        [
            onnx.numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in constants.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x.transpose(0, 3, 1, 2).astype(np.float32)})
    return y.transpose(0, 2, 3, 1)


def check(builder: Builder, output: str) -> None:
    x = builder.data(3)
    graph = builder.graph(output)
    np.testing.assert_allclose(
        run_float(graph, x)[output], onnx_result(graph.nodes[-1], x), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("out", "groups"), [(5, 1), (6, 6), (12, 6), (4, 2), (6, 3)])
def test_conv(window: dict, out: int, groups: int) -> None:
    builder = Builder((7, 6, 6))
    check(builder, builder.conv("x", out, groups=groups, clamp=Clamp(lo=-0.5, hi=1.0), **window))


@pytest.mark.parametrize("window", WINDOWS)
def test_pools(window: dict) -> None:
    builder = Builder((7, 6, 3))
    check(builder, builder.max_pool("x", clamp=Clamp(hi=1.0), **window))
    builder = Builder((7, 6, 3))
    check(builder, builder.average_pool("x", clamp=Clamp(hi=0.1), **window))


def test_pools_of_large_windows() -> None:
    """What they take grows with the sides of a kernel: its elements are a million."""
    builder = Builder((1024, 1024, 1))
    window = {"kernel": (1024, 1024)}
    output = builder.add(builder.max_pool("x", **window), builder.average_pool("x", **window))
    x = np.random.default_rng(0).normal(size=(1, 1024, 1024, 1)).astype(np.float32)
    (y,) = run_float(builder.graph(output), x)[output].ravel()
    np.testing.assert_allclose(y, x.max() + x.mean(dtype=np.float64), rtol=1e-6)


def test_add_reshape_affine_and_clip() -> None:
    b = Builder((2, 3, 4))
    x = b.data(5)
    total = b.add("x", "x", clamp=Clamp(lo=-1.0, hi=1.0))
    shaped = b.reshape(total, (6, 1, 4))
    names = {"inputs": (shaped,), "output": "affine", "name": "affine"}
    b.append(ChannelAffine(**names, scale=np.arange(4.0), offset=np.ones(4)), (6, 1, 4))
    names = {"inputs": ("affine",), "output": "clip", "name": "clip"}
    b.append(Clip(**names, clamp=Clamp(lo=-math.inf, hi=2.0)), (6, 1, 4))
    result = run_float(b.graph("clip"), x, keep=["affine", "clip", total])
    np.testing.assert_allclose(result[total], np.clip(2 * x, -1, 1))
    affine = np.clip(2 * x, -1, 1).reshape(5, 6, 1, 4) * np.arange(4) + 1
    np.testing.assert_allclose(result["affine"], affine, rtol=1e-6)
    np.testing.assert_allclose(result["clip"], np.minimum(affine, 2), rtol=1e-6)


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder((6, 6, 2))
    graph = b.graph(b.conv("x", 3, kernel=(3, 3)))
    x = b.data(40)
    whole = run_float(graph, x)["t0"]
    monkeypatch.setattr(execute, "_CHUNK_ELEMENTS", 3000)
    assert 1 < execute.chunk_size(graph) < 40
    np.testing.assert_allclose(run_float(graph, x)["t0"], whole, rtol=1e-6)


def test_overflow_is_handed_on_as_infinity() -> None:
    b = Builder((1, 1, 2))
    graph = b.graph(b.dense("x", 1))
    node = graph.nodes[0]
    assert isinstance(node, Conv)
    graph = replace(graph, nodes=(replace(node, weight=np.full((1, 1, 1, 2), 3e38)),))
    assert np.isinf(run_float(graph, np.full((1, 1, 1, 2), 10.0))["t0"]).all()


def test_integer_nodes_are_refused() -> None:
    tensors = {name: Tensor(name=name, shape=(1, 1, 1)) for name in "xy"}
    graph = Graph(
        name="net",
        nodes=(Node(name="odd", inputs=("x",), output="y"),),
        tensors=tensors,
        inputs=Builder((1, 1, 1)).graph("x").inputs,
        outputs=(),
    )
    with pytest.raises(TypeError, match="'odd' is not a float operator"):
        run_float(graph, np.zeros((1, 1, 1, 1)))
