"""Gemm and MatMul, against onnxruntime."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import check, model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Conv


@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("alpha", [1.0, 0.5])
@pytest.mark.parametrize("beta", [1.0, 2.0, 0.0])
@pytest.mark.parametrize("c_shape", [None, (), (1,), (4,), (1, 4), (1, 1)])
def test_gemm(tmp_path, trans_b, alpha, beta, c_shape):
    constants = {"w": normal(*((4, 6) if trans_b else (6, 4)), seed=1)}
    inputs = "x w"
    if c_shape is not None:
        constants["c"] = normal(*c_shape, seed=2).reshape(c_shape)
        inputs = "x w c"
    gemm = node("Gemm", inputs, transB=trans_b, alpha=alpha, beta=beta)
    check(model([gemm], (1, 6), constants), tmp_path)


@pytest.mark.parametrize("opset", [7, 9, 11, 13])
def test_gemm_opsets(tmp_path, opset):
    constants = {"w": normal(6, 4), "c": normal(4)}
    check(model([node("Gemm", "x w c")], (1, 6), constants, opset=opset), tmp_path)


def test_gemm_trans_a(tmp_path):
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("Gemm", "t w", transA=1),
    ]
    check(model(nodes, (1, 6), {"w": normal(6, 4)}), tmp_path)


def test_flattened_image_keeps_its_shape(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("Flatten", "c", "f"),
        node("Gemm", "f w", transB=1),
    ]
    constants = {"k": normal(4, 3, 2, 2), "w": normal(5, 4 * 3 * 6)}
    graph = check(model(nodes, (1, 3, 4, 7), constants), tmp_path)
    assert [type(one) for one in graph.nodes] == [Conv, Conv]
    assert graph.nodes[1].window.kernel == (3, 6)
    assert graph.nodes[1].weight.shape == (5, 3, 6, 4)


def test_two_flattened_layers(tmp_path):
    nodes = [
        node("Flatten", "x", "f"),
        node("Gemm", "f w", "g"),
        node("Relu", "g", "r"),
        node("Gemm", "r v"),
    ]
    constants = {"w": normal(2 * 3 * 4, 6), "v": normal(6, 3)}
    graph = check(model(nodes, (1, 2, 3, 4), constants), tmp_path)
    assert graph.tensors["x"].shape == (3, 4, 2)


@pytest.mark.parametrize(
    ("input_shape", "constant_shape"),
    [
        ((1, 6), (6, 4)),
        ((1, 5, 6), (6, 4)),
        ((1, 2, 5, 6), (6, 4)),
        ((1, 6), (6,)),
        ((1, 5, 6), (1, 6, 4)),
        ((1, 5, 6), (6,)),
        ((1, 6), (1, 1, 6, 4)),
    ],
)
def test_matmul_right_constant(tmp_path, input_shape, constant_shape):
    made = model([node("MatMul", "x w")], input_shape, {"w": normal(*constant_shape)})
    check(made, tmp_path)


@pytest.mark.parametrize(
    ("input_shape", "constant_shape"),
    [((1, 6, 5), (4, 6)), ((1, 6, 5), (1, 4, 6)), ((1, 6, 5), (6,))],
)
def test_matmul_left_constant(tmp_path, input_shape, constant_shape):
    made = model([node("MatMul", "w x")], input_shape, {"w": normal(*constant_shape)})
    check(made, tmp_path)


def test_matmul_then_bias_and_relu(tmp_path):
    nodes = [node("MatMul", "x w", "m"), node("Add", "m b", "a"), node("Relu", "a")]
    check(model(nodes, (1, 5, 6), {"w": normal(6, 4), "b": normal(4)}), tmp_path)


def test_dense_over_pixels_then_over_all(tmp_path):
    nodes = [
        node("MatMul", "x w", "m"),
        node("Transpose", "m", "t", perm=[0, 2, 1]),
        node("Flatten", "t", "f"),
        node("Gemm", "f v"),
    ]
    check(model(nodes, (1, 5, 6), {"w": normal(6, 4), "v": normal(20, 3)}), tmp_path)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (
            [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "x t")],
            {},
            "'t' has to be a constant",
        ),
        ([node("Gemm", "x w x")], {"w": normal(6, 6)}, "'x' has to be a constant"),
        ([node("Gemm", "w x")], {"w": normal(2, 1)}, "where a computed tensor is expected"),
        ([node("MatMul", "x w")], {"w": normal(2, 6, 4)}, "stack of matrices"),
    ],
)
def test_refused(tmp_path, nodes, constants, message):
    with pytest.raises(UnsupportedError, match=message):
        load_model(save(model(nodes, (1, 6), constants), tmp_path))


def test_sizes_that_do_not_fit(tmp_path):
    made = model([node("MatMul", "x w")], (1, 6), {"w": normal(5, 4)})
    with pytest.raises(ModelError, match="contradict"):
        load_model(save(made, tmp_path))


def test_types_that_do_not_fit(tmp_path):
    """A model in bfloat16 for an opset without it, as PyTorch's older exporter writes."""
    bfloat16 = TensorProto.BFLOAT16
    made = model([node("Conv", "x x")], (1, 1, 2, 2), input_type=bfloat16, output_type=bfloat16)
    with pytest.raises(
        ModelError, match=r"for the type it is used with.*export the model in float"
    ):
        load_model(save(made, tmp_path))


def test_alpha_is_applied_to_weights_only(tmp_path):
    made = model(
        [node("Gemm", "x w c", alpha=2.0)],
        (1, 1),
        {"w": np.full((1, 1), 3.0, "f"), "c": np.full(1, 5.0, "f")},
    )
    (conv,) = load_model(save(made, tmp_path)).nodes
    assert conv.weight.item() == 6
    assert conv.bias.item() == 5
