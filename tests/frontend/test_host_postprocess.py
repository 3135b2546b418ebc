"""What stays with the host at the end of a network."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import check, model, node, normal, save

from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Function

W = {"w": normal(6, 4), "k": normal(4, 3, 1, 1)}
GEMM = node("Gemm", "x w", "z")
CONV = node("Conv", "x k", "z")


@pytest.mark.parametrize(
    ("nodes", "opset", "steps"),
    [
        ([node("Softmax", "z")], 17, ("Softmax(axis=1)",)),
        ([node("Softmax", "z", axis=1)], 11, ("Softmax(axis=1)",)),
        ([node("LogSoftmax", "z", axis=-1)], 13, ("LogSoftmax(axis=1)",)),
        ([node("Sigmoid", "z")], 17, ("Sigmoid",)),
        (
            [node("Softmax", "z", "s"), node("Flatten", "s")],
            17,
            ("Softmax(axis=1)", "Reshape(shape=[1, 4])"),
        ),
    ],
)
def test_trailing(tmp_path, nodes, opset, steps):
    graph = check(model([GEMM, *nodes], (1, 6), W, opset=opset), tmp_path)
    assert graph.host_postprocess == steps
    assert graph.outputs[0].onnx_name == "z"


def test_arg_max(tmp_path):
    nodes = [GEMM, node("Softmax", "z", "s"), node("ArgMax", "s", axis=-1, keepdims=0)]
    graph = check(model(nodes, (1, 6), W, output_type=TensorProto.INT64), tmp_path)
    assert graph.host_postprocess == ("Softmax(axis=1)", "ArgMax(axis=1, keepdims=0)")


def test_arg_max_over_channels_cast_and_transposed(tmp_path):
    nodes = [
        CONV,
        node("ArgMax", "z", "a", axis=1, select_last_index=1),
        node("Cast", "a", "c", to=TensorProto.FLOAT),
        node("Transpose", "c", perm=[0, 2, 3, 1]),
    ]
    graph = check(model(nodes, (1, 3, 4, 5), W), tmp_path)
    assert graph.host_postprocess == (
        "ArgMax(axis=1, keepdims=1, select_last_index=1)",
        "Cast(to=float)",
        "Transpose(perm=[0, 2, 3, 1])",
    )


def test_old_softmax_takes_all_axes_as_one(tmp_path):
    made = model([CONV, node("Softmax", "z", axis=1)], (1, 3, 4, 5), W, opset=11)
    assert check(made, tmp_path).host_postprocess == (
        "Reshape(shape=[1, 80])",
        "Softmax(axis=1)",
        "Reshape(shape=[1, 4, 4, 5])",
    )
    new = model([CONV, node("Softmax", "z", axis=1)], (1, 3, 4, 5), W, opset=13)
    assert check(new, tmp_path).host_postprocess == ("Softmax(axis=1)",)


def test_views_before_softmax_belong_to_the_port(tmp_path):
    constants = {**W, "s": np.array([1, 80])}
    made = model([CONV, node("Reshape", "z s", "r"), node("Softmax", "r")], (1, 3, 4, 5), constants)
    graph = check(made, tmp_path)
    assert graph.outputs[0].onnx_shape == (80,)
    assert graph.outputs[0].onnx_name == "r"
    assert graph.host_postprocess == ("Softmax(axis=1)",)


def test_softmax_within_the_network_is_refused(tmp_path):
    nodes = [GEMM, node("Softmax", "z", "s"), node("Gemm", "s v")]
    made = model(nodes, (1, 6), {**W, "v": normal(4, 2)})
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(made, tmp_path))
    (problem,) = caught.value.problems
    assert problem.startswith("Softmax 'the_softmax_s'")
    assert "Gemm 'the_gemm_y'" in problem


def test_sigmoid_within_the_network_stays_in_hardware(tmp_path):
    gate = [CONV, node("Sigmoid", "z", "s"), node("Mul", "z s")]
    graph = check(model(gate, (1, 3, 4, 5), W), tmp_path)
    assert graph.host_postprocess == ()
    assert [n.function for n in graph.nodes if isinstance(n, Function)] == ["sigmoid"]
    pooled = [CONV, node("Sigmoid", "z", "s"), node("GlobalAveragePool", "s")]
    assert check(model(pooled, (1, 3, 4, 5), W), tmp_path).host_postprocess == ()
    twice = [CONV, node("Sigmoid", "z", "s"), node("Sigmoid", "s", "t"), node("Flatten", "t")]
    assert check(model(twice, (1, 3, 4, 5), W), tmp_path).host_postprocess == (
        "Sigmoid",
        "Sigmoid",
        "Reshape(shape=[1, 80])",
    )


def test_shape_that_is_not_fixed(tmp_path):
    nodes = [
        CONV,
        node("Sigmoid", "z", "s"),
        node("NonZero", "z", "n"),
        node("Shape", "n", "t"),
        node("Concat", "t t", "u", axis=0),
        node("Reshape", "s u"),
    ]
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(model(nodes, (1, 3, 4, 5), W), tmp_path))
    text = str(caught.value)
    assert "Reshape 'the_reshape_y': the shape of its result is not fixed" in text
    assert "NonZero 'the_nonzero_n'" in text


TOP = node("TopK", "z k", "v i", axis=-1)


def test_top_k_of_scores(tmp_path):
    """Both results are made of the same tensor, which the design gives away twice."""
    made = model([GEMM, TOP], (1, 6), {"w": W["w"], "k": np.array([2])}, outputs=("v", "i"))
    made.graph.output[1].type.tensor_type.elem_type = TensorProto.INT64
    graph = load_model(save(made, tmp_path))
    assert [(port.onnx_name, port.host_postprocess) for port in graph.outputs] == [
        ("z", ("TopK(k=2, axis=1, output='Values')",)),
        ("i", ("TopK(k=2, axis=1, output='Indices')",)),
    ]
    assert graph.outputs[0].tensor == graph.outputs[1].tensor


def test_top_k_of_which_one_result_is_used(tmp_path):
    smallest = node("TopK", "z k", "v i", axis=1, largest=0, sorted=0)
    nodes = [GEMM, smallest, node("Cast", "i", to=TensorProto.FLOAT)]
    graph = check(model(nodes, (1, 6), {"w": W["w"], "k": np.array([3])}), tmp_path)
    assert graph.host_postprocess == (
        "TopK(k=3, axis=1, largest=0, sorted=0, output='Indices')",
        "Cast(to=float)",
    )


def test_top_k_within_the_network_is_refused(tmp_path):
    nodes = [GEMM, TOP, node("Gemm", "v m")]
    made = model(nodes, (1, 6), {"w": W["w"], "k": np.array([2]), "m": normal(2, 3)})
    with pytest.raises(UnsupportedError, match=r"TopK 'the_topk_v i': its result is used by Gemm"):
        load_model(save(made, tmp_path))
