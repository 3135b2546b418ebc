"""Operators that only rearrange, against onnxruntime."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import check, model, node, normal, rng, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Conv, Reshape

TO_FIRST = {"perm": [0, 3, 1, 2]}
TO_LAST = {"perm": [0, 2, 3, 1]}
K33 = {"k": normal(4, 3, 3, 3)}


def ints(*values):
    return np.array(values, np.int64)


def test_channels_last_input(tmp_path):
    nodes = [node("Transpose", "x", "t", **TO_FIRST), node("Conv", "t k")]
    graph = check(model(nodes, (1, 5, 6, 3), K33), tmp_path)
    assert [type(one) for one in graph.nodes] == [Conv]
    assert graph.inputs[0].layout == "HWC"
    assert graph.inputs[0].onnx_shape == (5, 6, 3)
    assert graph.tensors["x"].shape == (5, 6, 3)


def test_channels_last_throughout(tmp_path):
    nodes = [
        node("Transpose", "x", "t", **TO_FIRST),
        node("Conv", "t k", "c"),
        node("Transpose", "c", "u", **TO_LAST),
        node("Add", "u b", "a"),
        node("Transpose", "a", "v", **TO_FIRST),
        node("Conv", "v l", "d"),
        node("Transpose", "d", **TO_LAST),
    ]
    constants = {**K33, "b": normal(4), "l": normal(2, 4, 1, 1)}
    graph = check(model(nodes, (1, 5, 6, 3), constants), tmp_path)
    assert graph.outputs[0].layout == "HWC"
    assert not any(isinstance(one, Reshape) for one in graph.nodes)


def test_channels_last_flatten(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("Transpose", "c", "t", **TO_LAST),
        node("Reshape", "t s", "r"),
        node("Gemm", "r w"),
    ]
    constants = {**K33, "s": ints(1, -1), "w": normal(4 * 3 * 4, 5)}
    check(model(nodes, (1, 3, 5, 6), constants), tmp_path)


def test_vector_input_reshaped_to_an_image(tmp_path):
    nodes = [node("Reshape", "x s", "r"), node("Conv", "r k")]
    graph = check(model(nodes, (1, 90), {**K33, "s": ints(1, 3, 5, 6)}), tmp_path)
    assert graph.inputs[0].onnx_shape == (90,)
    assert graph.tensors["x"].shape == (5, 6, 3)
    assert len(graph.nodes) == 1


def test_vector_input_reshaped_to_a_channels_last_image(tmp_path):
    nodes = [
        node("Reshape", "x s", "r"),
        node("Transpose", "r", "t", **TO_FIRST),
        node("Conv", "t k"),
    ]
    graph = check(model(nodes, (1, 90), {**K33, "s": ints(-1, 5, 6, 3)}), tmp_path)
    assert graph.inputs[0].layout == "HWC"
    assert len(graph.nodes) == 1


def test_input_without_channel_axis(tmp_path):
    nodes = [node("Unsqueeze", "x a", "u"), node("Conv", "u k")]
    graph = check(
        model(nodes, (1, 5, 6), {"k": normal(2, 1, 3, 3), "a": ints(1)}, opset=13), tmp_path
    )
    assert graph.tensors["x"].shape == (5, 6, 1)


def test_sequence_as_an_image(tmp_path):
    nodes = [
        node("Unsqueeze", "x", "u", axes=[2]),
        node("Conv", "u k", "c"),
        node("Squeeze", "c", "s", axes=[2]),
        node("Conv", "s l"),
    ]
    constants = {"k": normal(4, 3, 1, 3), "l": normal(2, 4, 3)}
    check(model(nodes, (1, 3, 9), constants, opset=11), tmp_path)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_flatten_axis(tmp_path, axis):
    check(model([node("Relu", "x", "r"), node("Flatten", "r", axis=axis)], (1, 1, 1, 6)), tmp_path)


def test_flatten_of_everything_but_channels(tmp_path):
    nodes = [node("GlobalAveragePool", "x", "g"), node("Flatten", "g", "f"), node("Gemm", "f w")]
    check(model(nodes, (1, 6, 4, 5), {"w": normal(6, 3)}), tmp_path)


@pytest.mark.parametrize("shape", [(1, -1), (0, -1), (0, 0, -1), (1, 3, 20), (1, 60), (-1, 60)])
def test_reshape(tmp_path, shape):
    made = model(
        [node("Relu", "x", "r"), node("Reshape", "r s")], (1, 3, 4, 5), {"s": ints(*shape)}
    )
    check(made, tmp_path)


@pytest.mark.parametrize("opset", [7, 11, 13, 21])
def test_squeeze_and_unsqueeze(tmp_path, opset):
    if opset < 13:
        nodes = [node("Squeeze", "x", "s", axes=[2, -1]), node("Unsqueeze", "s", axes=[1, 3])]
        constants = {}
    else:
        nodes = [node("Squeeze", "x a", "s"), node("Unsqueeze", "s b")]
        constants = {"a": ints(2, -1), "b": ints(1, 3)}
    nodes.insert(0, node("Relu", "x", "r"))
    nodes[1].input[0] = "r"
    check(model(nodes, (1, 6, 1, 1), constants, opset=opset), tmp_path)


def test_squeeze_of_all_axes(tmp_path):
    check(model([node("Relu", "x", "r"), node("Squeeze", "r")], (1, 6, 1, 1)), tmp_path)


def test_reshape_in_memory(tmp_path):
    """A change of shape in channels-last order is a Reshape of the graph."""
    nodes = [
        node("Conv", "x k", "c"),
        node("Reshape", "c s", "r"),
        node("Conv", "r l"),
    ]
    constants = {**K33, "s": ints(1, 4, 2, 6), "l": normal(2, 4, 2, 3)}
    graph = check(model(nodes, (1, 3, 5, 6), constants), tmp_path)
    assert [type(one) for one in graph.nodes] == [Conv, Reshape, Conv]


def test_transposed_output(tmp_path):
    nodes = [node("Conv", "x k", "c"), node("Transpose", "c", perm=[0, 3, 1, 2])]
    graph = check(model(nodes, (1, 3, 5, 6), K33), tmp_path)
    assert graph.outputs[0].layout == "WCH"


def test_output_without_batch_axis(tmp_path):
    nodes = [node("Relu", "x", "r"), node("Squeeze", "r")]
    graph = check(model(nodes, (1, 6, 1, 1)), tmp_path)
    assert graph.outputs[0].onnx_shape == (6,)
    assert graph.host_postprocess == ("Reshape(shape=[6])",)


@pytest.mark.parametrize(
    "from_type", [TensorProto.UINT8, TensorProto.INT8, TensorProto.INT64, TensorProto.DOUBLE]
)
def test_cast_of_the_input(tmp_path, from_type):
    nodes = [node("Cast", "x", "f", to=TensorProto.FLOAT), node("Conv", "f k")]
    made = model(nodes, (1, 3, 5, 6), K33, input_type=from_type)
    dtype = {2: np.uint8, 3: np.int8, 7: np.int64, 11: np.float64}[from_type]
    check(made, tmp_path, rng().integers(0, 100, (2, 3, 5, 6)).astype(dtype))


def test_cast_to_an_integer_is_refused(tmp_path):
    nodes = [
        node("Cast", "x", "i", to=TensorProto.INT32),
        node("Cast", "i", "f", to=TensorProto.FLOAT),
        node("Conv", "f k"),
    ]
    with pytest.raises(UnsupportedError, match=r"Cast 'the_cast_i'.*float to int32"):
        load_model(save(model(nodes, (1, 3, 5, 6), K33), tmp_path))


@pytest.mark.parametrize("opset", [7, 10, 12, 22])
def test_dropout_is_removed(tmp_path, opset):
    attributes = {"ratio": 0.3} if opset < 12 else {"seed": 3}
    nodes = [node("Dropout", "x", "d", **attributes), node("Conv", "d k")]
    assert len(check(model(nodes, (1, 3, 5, 6), K33, opset=opset), tmp_path).nodes) == 1


def test_dropout_in_training_is_refused(tmp_path):
    constants = {"r": np.array(0.5, np.float32), "t": np.array(True)}
    made = model([node("Dropout", "x r t", "d"), node("Relu", "d")], (1, 3), constants)
    with pytest.raises((UnsupportedError, ModelError), match="at random"):
        load_model(save(made, tmp_path))


def test_identity_only(tmp_path):
    graph = check(model([node("Identity", "x")], (1, 3, 4, 5)), tmp_path)
    assert graph.outputs[0].onnx_shape == (3, 4, 5)


def test_channels_last_input_that_is_only_flattened(tmp_path):
    nodes = [node("Flatten", "x", "f"), node("Gemm", "f w")]
    graph = check(model(nodes, (1, 5, 6, 3), {"w": normal(90, 4)}), tmp_path)
    assert graph.tensors["x"].shape == (5, 6, 3)
    assert graph.inputs[0].layout == "HWC"


def test_inputs_are_read_in_the_order_that_needs_no_reordering(tmp_path):
    """Steps as channels, of which there are fewer, would need a convolution to put them right."""
    nodes = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Conv", "t k")]
    made = model(nodes, (1, 4, 6), {"k": normal(5, 6, 3)})
    graph = check(made, tmp_path)
    assert [type(n) for n in graph.nodes] == [Conv]
