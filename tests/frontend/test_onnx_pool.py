"""Pooling operators and ReduceMean, against onnxruntime."""

import itertools

import numpy as np
import pytest
from onnx_models import check, model, node, normal, save

from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model

KINDS = ["MaxPool", "AveragePool"]


def pool_model(kind, size=(7, 9), channels=3, opset=22, **attributes):
    return model([node(kind, "x", **attributes)], (1, channels, *size), opset=opset)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 3]},
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 2, 1]},
        {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [7, 9]},
    ],
)
def test_pool_2d(tmp_path, kind, attributes):
    check(pool_model(kind, **attributes), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_pool_1d(tmp_path, kind):
    check(pool_model(kind, (9,), kernel_shape=[3], strides=[2], pads=[1, 1]), tmp_path)


@pytest.mark.parametrize(
    ("kind", "size", "stride", "pads"),
    list(itertools.product(KINDS, [7, 8, 9], [2, 3], [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, 2]])),
)
def test_ceil_mode(tmp_path, kind, size, stride, pads):
    made = pool_model(
        kind, (size, size), kernel_shape=[3, 3], strides=[stride] * 2, pads=pads, ceil_mode=1
    )
    check(made, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_auto_pad(tmp_path, kind, auto_pad, stride):
    check(pool_model(kind, kernel_shape=[2, 4], strides=[stride] * 2, auto_pad=auto_pad), tmp_path)


@pytest.mark.parametrize(
    "attributes",
    [
        {"pads": [1, 1, 1, 1]},
        {"pads": [1, 0, 2, 1], "strides": [2, 2]},
        {"pads": [1, 1, 1, 1], "strides": [2, 2], "ceil_mode": 1},
        {"pads": [1, 1, 1, 1], "dilations": [2, 2]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    ],
)
def test_count_include_pad(tmp_path, attributes):
    made = pool_model("AveragePool", kernel_shape=[3, 3], count_include_pad=1, **attributes)
    check(made, tmp_path)


def test_count_include_pad_leaves_out_what_ceil_mode_adds(tmp_path):
    made = pool_model(
        "AveragePool",
        (8, 8),
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[1, 1, 1, 1],
        ceil_mode=1,
        count_include_pad=1,
    )
    graph = check(made, tmp_path)
    assert graph.nodes[0].divisor[-1, -1] == 4


@pytest.mark.parametrize("opset", [7, 8, 10, 11, 12, 19, 22])
@pytest.mark.parametrize("kind", KINDS)
def test_opsets(tmp_path, kind, opset):
    check(pool_model(kind, opset=opset, kernel_shape=[3, 3], pads=[1, 1, 1, 1]), tmp_path)


def test_storage_order_has_no_effect(tmp_path):
    check(pool_model("MaxPool", kernel_shape=[2, 2], storage_order=1), tmp_path)


@pytest.mark.parametrize("kind", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("size", [(5, 4), (6,)])
def test_global_pool(tmp_path, kind, size):
    check(pool_model(kind, size), tmp_path)


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize(("size", "axes"), [((5, 4), [2, 3]), ((5, 4), [-1, -2]), ((6,), [2])])
def test_reduce_mean_attribute(tmp_path, size, axes, keepdims):
    check(pool_model("ReduceMean", size, opset=13, axes=axes, keepdims=keepdims), tmp_path)


def test_reduce_mean_input(tmp_path):
    made = model(
        [node("ReduceMean", "x axes", keepdims=0)],
        (1, 3, 4, 5),
        {"axes": np.array([2, 3])},
        opset=18,
    )
    check(made, tmp_path)


def test_reduce_mean_of_a_transposed_image(tmp_path):
    made = model(
        [
            node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
            node("ReduceMean", "t", axes=[1, 2], keepdims=0),
        ],
        (1, 3, 4, 5),
        opset=13,
    )
    check(made, tmp_path)


@pytest.mark.parametrize("kind", ["ReduceMax", "ReduceMean", "ReduceSum"])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axes", [[0], [1], [2], [3], [0, 2], [2, 3], [1, 3], [1, 2, 3]])
def test_reductions(tmp_path, kind, axes, keepdims):
    check(pool_model(kind, opset=12, axes=axes, keepdims=keepdims), tmp_path)


@pytest.mark.parametrize("kind", ["ReduceMax", "ReduceMean"])
def test_reduction_of_everything(tmp_path, kind):
    check(pool_model(kind, opset=12), tmp_path)


def test_reduction_of_one_element(tmp_path):
    check(pool_model("ReduceSum", (1, 4), opset=12, axes=[2], keepdims=0), tmp_path)


def test_axes_apart_in_memory(tmp_path):
    made = model(
        [
            node("GlobalMaxPool", "x", "g"),
            node("Add", "x g", "a"),
            node("ReduceMean", "a", axes=[1, 2]),
        ],
        (1, 3, 4, 5),
        opset=13,
    )
    check(made, tmp_path)


def test_indices_are_refused(tmp_path):
    made = model(
        [
            node("MaxPool", "x", "z i", kernel_shape=[2, 2]),
            node("Cast", "i", "f", to=1),
            node("Add", "z f"),
        ],
        (1, 1, 4, 4),
    )
    with pytest.raises(UnsupportedError, match=r"MaxPool 'the_maxpool_z i'.*output 'i'"):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 2], "pads": [2, 2, 2, 2]},
        {"kernel_shape": [2, 2], "pads": [0, 0, 0, 2]},
        {"kernel_shape": [2, 1], "dilations": [9, 1], "pads": [2, 0, 2, 0]},
    ],
    ids=["all around", "at one side", "on both sides of a dilated window"],
)
def test_window_that_lies_in_the_padding_is_refused(tmp_path, kind, attributes):
    made = pool_model(kind, **attributes)
    with pytest.raises(UnsupportedError, match=f"{kind} 'the_{kind.lower()}_y': a window lies in"):
        load_model(save(made, tmp_path))


def test_average_pool_divides_by_what_it_covers(tmp_path):
    graph = load_model(save(pool_model("AveragePool", kernel_shape=[3, 3], pads=[1] * 4), tmp_path))
    assert graph.nodes[0].divisor[0, 0] == 4
    assert graph.nodes[0].divisor[1, 1] == 9


def test_pad_alone_and_before_convolution(tmp_path):
    constants = {"p": np.array([0, 0, 1, 2, 0, 0, 3, 0]), "w": normal(2, 3, 3, 3)}
    pad = node("Pad", "x p", "z")
    check(model([node("Pad", "x p")], (1, 3, 4, 5), constants), tmp_path)
    check(model([pad, node("Conv", "z w", pads=[1] * 4)], (1, 3, 4, 5), constants), tmp_path)
    check(
        model([pad, node("MaxPool", "z", kernel_shape=[3, 3])], (1, 3, 4, 5), constants), tmp_path
    )
    check(
        model([pad, node("AveragePool", "z", kernel_shape=[3, 3])], (1, 3, 4, 5), constants),
        tmp_path,
    )


def test_pad_attributes_and_axes(tmp_path):
    old = model([node("Pad", "x", pads=[0, 0, 1, 0, 0, 0, 0, 2])], (1, 3, 4, 5), opset=10)
    check(old, tmp_path)
    constants = {"p": np.array([1, 2]), "axes": np.array([-1])}
    check(model([node("Pad", "x p - axes")], (1, 3, 4, 5), constants, opset=21), tmp_path)


@pytest.mark.parametrize(
    ("attributes", "pads", "value", "message"),
    [
        ({"mode": "reflect"}, [0, 1, 0, 0, 0, 0, 0, 0], 0, "only rows and columns"),
        ({}, [0, 1, 0, 0, 0, 0, 0, 0], 0, "only rows and columns"),
        ({}, [0, 0, -1, 0, 0, 0, 0, 0], 0, "only rows and columns"),
    ],
)
def test_other_padding_is_refused(tmp_path, attributes, pads, value, message):
    constants = {"p": np.array(pads), "v": np.array(value, np.float32)}
    made = model([node("Pad", "x p v", **attributes)], (1, 3, 4, 5), constants)
    with pytest.raises(UnsupportedError, match=f"Pad 'the_pad_y'.*{message}"):
        load_model(save(made, tmp_path))
