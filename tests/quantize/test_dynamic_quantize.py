"""Roundings as model files do them, in the float reference and out of simplified networks."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nnhw.ir import DynamicQuantize, FakeQuantize, Graph, Port, Quantization, Tensor
from nnhw.passes import simplify_graph
from nnhw.quantize import run_float

SHAPE = (3, 4, 5)


def network(*nodes) -> Graph:
    def port(name):
        return Port(tensor=name, onnx_name=name, onnx_shape=(5, 3, 4), layout="CHW")

    names = ["x", *(node.output for node in nodes)]
    return Graph(
        name="net",
        nodes=nodes,
        tensors={name: Tensor(name=name, shape=SHAPE) for name in names},
        inputs=(port("x"),),
        outputs=(port(names[-1]),),
    )


def onnxruntime_answer(op_nodes, x):
    ort = pytest.importorskip("onnxruntime")
    graph = helper.make_graph(
        op_nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("shift", [0.0, 3.0, -3.0])
def test_each_sample_has_a_range_of_its_own(shift):
    """All positive, all negative and mixed values, against onnxruntime, sample by sample."""
    x = np.random.default_rng(0).normal(shift, 1, (6, *SHAPE)).astype(np.float32)
    x *= np.geomspace(0.01, 100, 6).astype(np.float32)[:, None, None, None]
    graph = network(DynamicQuantize(name="d", inputs=("x",), output="y"))
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    expected = np.concatenate([onnxruntime_answer(nodes, sample[None]) for sample in x])
    np.testing.assert_array_equal(run_float(graph, x)["y"], expected)


def test_a_sample_of_zeros_stays_zero():
    graph = network(DynamicQuantize(name="d", inputs=("x",), output="y"))
    assert not run_float(graph, np.zeros((1, *SHAPE)))["y"].any()


def test_simplified_networks_have_none():
    graph = network(
        DynamicQuantize(name="d", inputs=("x",), output="q"),
        FakeQuantize(
            name="f",
            inputs=("q",),
            output="y",
            quantization=Quantization(bits=8, scale=0.1, zero_point=0),
        ),
    )
    (node, *_) = simplify_graph(graph).nodes
    assert isinstance(node, FakeQuantize)
    assert node.inputs == ("x",)


@pytest.mark.parametrize(("cut_off_at", "expected"), [
    (None, [-2, 0, 0, 2, 2]),
    (0, [-1, 0, 0, 1, 2]),
    (-128, [-2, -1, 0, 1, 2]),
])  # fmt: skip
def test_integers_are_rounded_or_cut_off(cut_off_at, expected):
    """Towards 0, or, for what is less half of its range, downwards; whole numbers stay."""
    x = np.zeros((1, *SHAPE), np.float32)
    steps = np.array([-1.75, -0.25, 0.25, 1.75, 2], np.float32)
    x[0, 0, 0] = steps * np.float32(0.3)
    graph = network(
        FakeQuantize(
            name="f",
            inputs=("x",),
            output="y",
            quantization=Quantization(bits=8, scale=0.3, zero_point=0),
            cut_off_at=cut_off_at,
        )
    )
    found = run_float(graph, x)["y"][0, 0, 0] / np.float32(0.3)
    np.testing.assert_allclose(found, expected, atol=1e-6)
