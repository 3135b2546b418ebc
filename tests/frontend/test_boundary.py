"""Numbers, shapes and types of inputs and outputs."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import check, model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model

W = {"w": normal(6, 4)}


def refusal(made, folder):
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(made, folder))
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize("batch", [1, "N", 8])
def test_batch(tmp_path, batch):
    made = model([node("Gemm", "x w", "g"), node("Relu", "g")], (batch, 6), W)
    graph = load_model(save(made, tmp_path))
    assert graph.inputs[0].onnx_shape == (6,)
    assert graph.outputs[0].onnx_shape == (4,)


def test_unnamed_batch(tmp_path):
    made = model([node("Gemm", "x w")], ("N", 6), W)
    made.graph.input[0].type.tensor_type.shape.dim[0].Clear()
    assert load_model(save(made, tmp_path)).inputs[0].onnx_shape == (6,)


def test_batch_in_a_reshape(tmp_path):
    made = model(
        [node("Reshape", "x s", "r"), node("Gemm", "r w")],
        (8, 2, 3),
        {**W, "s": np.array([8, 6])},
    )
    with pytest.raises(ModelError, match="batch size 1"):
        load_model(save(made, tmp_path))


def test_dynamic_size(tmp_path):
    made = model([node("Relu", "x")], ("N", 3, "height", 5))
    text = refusal(made, tmp_path)
    assert "Input 'x': axis 2 (height) has no fixed size" in text
    assert "--input-shape x=1x3x96x5 " in text


def test_too_few_axes(tmp_path):
    text = refusal(model([node("Relu", "x")], ("N",)), tmp_path)
    assert "Input 'x' has one axis, of open size" in text


@pytest.mark.parametrize("kind", [TensorProto.BOOL, TensorProto.STRING])
def test_input_type(tmp_path, kind):
    made = model([node("Identity", "x")], (1, 6), input_type=kind, output_type=kind)
    assert "Input 'x' is of type" in refusal(made, tmp_path)


def test_no_input(tmp_path):
    made = model([node("Relu", "w")], (1, 6), W)
    del made.graph.input[:]
    assert "The model has no input" in refusal(made, tmp_path)


def test_output_that_does_not_depend_on_the_input(tmp_path):
    made = model([node("Relu", "w")], (1, 6), W)
    assert "Output 'y' does not depend on the model's input" in refusal(made, tmp_path)


def test_constants_as_inputs(tmp_path):
    """Before IR version 4, constants had to be among the inputs."""
    made = model([node("MatMul", "x w")], (1, 6), W, opset=8)
    made.ir_version = 3
    made.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, (6, 4)))
    check(made, tmp_path)


def test_half_precision(tmp_path):
    made = model(
        [node("Gemm", "x w")],
        (1, 6),
        {"w": normal(6, 4).astype(np.float16)},
        input_type=TensorProto.FLOAT16,
        output_type=TensorProto.FLOAT16,
    )
    graph = load_model(save(made, tmp_path))
    assert graph.nodes[0].weight.dtype == np.float64


def test_all_problems_at_once(tmp_path):
    """Also those of nodes whose input comes from a node that cannot be built."""
    nodes = [
        node("Sinh", "x", "a"),
        node("MaxPool", "a", "b i", kernel_shape=[2, 2]),
        node("Cast", "i", "j", to=TensorProto.FLOAT),
        node("Add", "b j", "c"),
        node("Conv", "c k", "d"),
        node("Tan", "d", "e"),
        node("Transpose", "e", "f", perm=[0, 1, 3, 2]),
        node("Conv", "f l"),
    ]
    constants = {"k": normal(3, 3, 1, 1), "l": normal(3, 3, 1, 1)}
    made = model(nodes, (1, 3, 6, "W"), constants)
    made.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 6
    made = onnx.shape_inference.infer_shapes(made)
    text = refusal(made, tmp_path)
    lines = text.splitlines()
    assert [line.split("'")[0].strip() for line in lines] == ["Sinh", "MaxPool", "Tan"]
    assert "the_sinh_a" in lines[0]
    assert "replace it" in lines[0]
    assert "output 'i'" in lines[1]


def test_weights_computed_by_what_cannot_be_built(tmp_path):
    nodes = [node("Tan", "x", "t"), node("Conv", "x t")]
    text = refusal(model(nodes, (1, 3, 6, 6)), tmp_path)
    assert text.startswith("Tan ")
    assert "Conv" not in text


def test_sound_nodes_are_not_blamed(tmp_path):
    nodes = [
        node("Conv", "x k", "a"),
        node("Transpose", "a", "b", perm=[0, 1, 3, 2]),
        node("Conv", "b k", "c"),
        node("Cosh", "c"),
    ]
    text = refusal(model(nodes, (1, 3, 6, 6), {"k": normal(3, 3, 1, 1)}), tmp_path)
    assert text.startswith("Cosh 'the_cosh_y'")
    assert "\n" not in text


def test_unknown_attribute_values_are_named(tmp_path):
    made = model(
        [node("BatchNormalization", "x s s s s", spatial=0)],
        (1, 3),
        {"s": normal(3)},
        opset=8,
    )
    assert "attribute spatial=0 is not supported" in refusal(made, tmp_path)
