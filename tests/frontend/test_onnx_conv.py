"""Conv, against onnxruntime."""

import itertools

import numpy as np
import pytest
from onnx_models import check, model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Conv


def conv_model(channels, out, kernel, size, *, bias=True, group=1, opset=17, **attributes):
    constants = {"w": normal(out, channels // group, *kernel, seed=1)}
    if bias:
        constants["b"] = normal(out, seed=2)
    inputs = "x w b" if bias else "x w"
    if group > 1:
        attributes["group"] = group
    return model([node("Conv", inputs, **attributes)], (1, channels, *size), constants, opset=opset)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("group", [1, 2, 6])
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 3]},
        {"dilations": [2, 1]},
        {"pads": [1, 0, 2, 3], "strides": [1, 2]},
        {"pads": [2, 2, 2, 2], "dilations": [2, 2], "kernel_shape": [3, 2]},
    ],
)
def test_conv_2d(tmp_path, bias, group, attributes):
    check(conv_model(6, 12, (3, 2), (7, 8), bias=bias, group=group, **attributes), tmp_path)


@pytest.mark.parametrize(
    ("auto_pad", "stride", "size"),
    list(itertools.product(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"], [1, 2, 3], [7, 8])),
)
def test_auto_pad(tmp_path, auto_pad, stride, size):
    made = conv_model(2, 3, (4, 3), (size, size + 1), auto_pad=auto_pad, strides=[stride, stride])
    check(made, tmp_path)


def test_auto_pad_with_dilation(tmp_path):
    # onnxruntime does not run this combination: spans of 5 and 4 need 4 and 3 more elements.
    made = conv_model(2, 3, (3, 2), (9, 8), auto_pad="SAME_LOWER", dilations=[2, 3])
    (conv,) = load_model(save(made, tmp_path)).nodes
    assert conv.window.pads == (2, 2, 2, 1)


@pytest.mark.parametrize("attributes", [{}, {"strides": [2], "pads": [2, 1]}, {"dilations": [2]}])
def test_conv_1d(tmp_path, attributes):
    graph = check(conv_model(3, 4, (3,), (9,), **attributes), tmp_path)
    assert graph.inputs[0].onnx_shape == (3, 9)
    assert graph.tensors["x"].shape == (1, 9, 3)


def test_groups_are_kept(tmp_path):
    graph = check(conv_model(6, 12, (3, 3), (5, 5), group=3), tmp_path)
    (conv,) = graph.nodes
    assert isinstance(conv, Conv)
    assert conv.groups == 3
    assert conv.weight.shape == (12, 3, 3, 2)
    assert conv.weight.dtype == conv.bias.dtype == np.float64


@pytest.mark.parametrize("opset", [7, 11, 13, 22])
def test_opsets(tmp_path, opset):
    check(conv_model(2, 3, (3, 3), (5, 5), opset=opset, pads=[1, 1, 1, 1]), tmp_path)


def test_names_are_kept(tmp_path):
    graph = check(conv_model(2, 3, (3, 3), (5, 5)), tmp_path)
    assert graph.nodes[0].name == "the_conv_y"
    assert graph.nodes[0].output == "y"


def test_3d_is_refused(tmp_path):
    made = conv_model(2, 3, (3, 3, 3), (5, 5, 5))
    with pytest.raises(UnsupportedError, match=r"Conv 'the_conv_y'.*one or two spatial axes"):
        load_model(save(made, tmp_path))


def test_computed_weights_are_refused(tmp_path):
    made = model([node("Conv", "x x")], (1, 1, 3, 3))
    with pytest.raises(UnsupportedError, match=r"'the_conv_y'.*'x' has to be a constant"):
        load_model(save(made, tmp_path))


def test_auto_pad_and_pads_contradict(tmp_path):
    made = conv_model(2, 3, (3, 3), (5, 5), auto_pad="SAME_UPPER", pads=[1, 1, 1, 1])
    with pytest.raises(ModelError, match="auto_pad"):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_weights_are_refused(tmp_path, value):
    made = model([node("Conv", "x w")], (1, 1, 3, 3), {"w": np.full((1, 1, 1, 1), value, "f")})
    with pytest.raises(ModelError, match=r"Conv 'the_conv_y'.*'w' holds NaN or infinity"):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize(
    ("op_type", "domain"),
    [
        ("FusedConv", "com.microsoft"),
        ("Conv", "com.microsoft.nchwc"),
        ("BiasGelu", "com.microsoft"),
    ],
)
def test_what_onnxruntime_has_optimized(op_type, domain, tmp_path):
    made = model([node("Conv", "x w")], (1, 3, 5, 5), {"w": normal(4, 3, 3, 3)})
    made.graph.node[0].op_type, made.graph.node[0].domain = op_type, domain
    made.opset_import.add(domain=domain, version=1)
    with pytest.raises(UnsupportedError, match="optimizations on: save it with them off"):
        load_model(save(made, tmp_path))
