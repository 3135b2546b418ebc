"""Constants that exporters compute by operators."""

import numpy as np
import pytest
from onnx import helper, numpy_helper
from onnx_models import check, model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model


@pytest.fixture(params=[True, False], ids=["with_onnxruntime", "without_onnxruntime"])
def _onnxruntime(request, monkeypatch):
    """onnxslim uses onnxruntime where it is installed; nnhw must not depend on that."""
    if not request.param:
        monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)


@pytest.mark.usefixtures("_onnxruntime")
def test_shape_arithmetic(tmp_path):
    """Flatten as older PyTorch versions export it."""
    nodes = [
        node("Conv", "x k", "c"),
        node("Shape", "c", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n", "u", axes=[0]),
        node("Concat", "u rest", "t", axis=0),
        node("Reshape", "c t", "r"),
        node("Gemm", "r w"),
    ]
    constants = {
        "k": normal(4, 3, 3, 3),
        "zero": np.array(0),
        "rest": np.array([-1]),
        "w": normal(4 * 2 * 3, 5),
    }
    graph = load_model(save(model(nodes, ("N", 3, 4, 5), constants, opset=11), tmp_path))
    assert len(graph.nodes) == 2


@pytest.mark.usefixtures("_onnxruntime")
def test_computed_weights(tmp_path):
    nodes = [node("Reshape", "v s", "w"), node("Gemm", "x w")]
    made = model(nodes, (1, 6), {"v": normal(2, 3, 4), "s": np.array([6, 4])})
    graph = load_model(save(made, tmp_path))
    np.testing.assert_array_equal(graph.nodes[0].weight[:, 0, 0], normal(2, 3, 4).reshape(6, 4).T)


def test_constant_nodes(tmp_path):
    nodes = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(normal(6, 4))),
        helper.make_node("Constant", [], ["lo"], value_float=-0.5),
        node("Gemm", "x w", "g"),
        node("Clip", "g lo"),
    ]
    assert len(check(model(nodes, (1, 6)), tmp_path).nodes) == 2


def test_sparse_constants_are_refused(tmp_path):
    values = numpy_helper.from_array(np.ones(2, np.float32), "values")
    indices = numpy_helper.from_array(np.array([0, 5]), "indices")
    sparse = helper.make_sparse_tensor(values, indices, [6, 4])
    nodes = [
        helper.make_node("Constant", [], ["w"], "sparse", sparse_value=sparse),
        node("Gemm", "x w"),
    ]
    with pytest.raises(ModelError, match=r"Constant.*sparse"):
        load_model(save(model(nodes, (1, 6)), tmp_path))


def test_constant_branch(tmp_path):
    def branch(op_type):
        output = helper.make_tensor_value_info("o", 1, (1, 6))
        return helper.make_graph([node(op_type, "r", "o")], op_type, [], [output])

    nodes = [
        node("Relu", "x", "r"),
        helper.make_node(
            "If", ["c"], ["b"], then_branch=branch("Identity"), else_branch=branch("Tanh")
        ),
        node("Gemm", "b w"),
    ]
    made = model(nodes, (1, 6), {"c": np.array(True), "w": normal(6, 4)})
    check(made, tmp_path)


def test_operators_without_effect(tmp_path):
    nodes = [
        node("Relu", "x", "a"),
        node("Slice", "a zero end", "b"),
        node("Concat", "b", "c", axis=1),
        node("Gemm", "c w"),
    ]
    constants = {"zero": np.array([0, 0]), "end": np.array([1, 6]), "w": normal(6, 4)}
    assert len(check(model(nodes, (1, 6), constants), tmp_path).nodes) == 2


def test_random_numbers_are_not_constants(tmp_path):
    nodes = [node("RandomNormal", "", "r", shape=[1, 6]), node("Add", "x r")]
    with pytest.raises(UnsupportedError, match="RandomNormal 'the_randomnormal_r'"):
        load_model(save(model(nodes, (1, 6)), tmp_path))
