"""Nodes that are not in order."""

import numpy as np
import onnx
import pytest
from onnx_models import check, model, node, normal, run_graph, save

from nnhw.errors import ModelError
from nnhw.frontend import load_model

NODES = [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("Add", "c r")]
W = {"w": normal(2, 3, 3, 3)}


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (0, 2, 1)])
def test_any_order(order, tmp_path):
    made = model(NODES, (1, 3, 5, 5), W)
    x = normal(2, 3, 5, 5)
    expected = run_graph(check(made, tmp_path), x)
    shuffled = [NODES[i] for i in order]
    del made.graph.node[:]
    made.graph.node.extend(shuffled)
    graph = load_model(save(made, tmp_path))
    assert [n.name for n in graph.nodes] == [n.name for n in NODES]
    np.testing.assert_array_equal(run_graph(graph, x), expected)


def test_tensor_that_nothing_computes(tmp_path):
    made = model(NODES, (1, 3, 5, 5), W)
    made.graph.node[1].input[0] = "gone"
    with pytest.raises(ModelError, match="Relu 'the_relu_r' reads 'gone', which is no input"):
        load_model(save(made, tmp_path))


def test_circle(tmp_path):
    made = model(NODES, (1, 3, 5, 5), W)
    made.graph.node[1].input[0] = "y"
    with pytest.raises(ModelError, match=r"Relu 'the_relu_r', Add 'the_add_y': these nodes need"):
        load_model(save(made, tmp_path))


def test_output_without_shape(tmp_path):
    made = model(NODES, (1, 3, 5, 5), W)
    made.graph.output[0].type.tensor_type.ClearField("shape")
    assert load_model(save(made, tmp_path)).outputs[0].onnx_shape == (2, 3, 3)


def test_input_without_shape(tmp_path):
    made = model(NODES, (1, 3, 5, 5), W)
    made.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(ModelError, match="Input 'x' is a single number"):
        load_model(save(made, tmp_path))


def test_branches_read_what_is_around_them(tmp_path):
    branch = onnx.helper.make_graph(
        [node("Neg", "r", "b")],
        "branch",
        [],
        [onnx.helper.make_empty_tensor_value_info("b")],
    )
    either = onnx.helper.make_node(
        "If", ["one"], ["y"], name="either", then_branch=branch, else_branch=branch
    )
    nodes = [either, node("Relu", "x", "r")]
    made = model(nodes, (1, 6), {"one": np.array(True)})
    assert load_model(save(made, tmp_path)).outputs[0].onnx_shape == (6,)
