"""Shapes of inputs that are chosen where the model leaves sizes open."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import model, node, normal, save

from nnhw.errors import OptionError, UnsupportedError
from nnhw.frontend import load_model, read_summary
from nnhw.inspection import inspect_model
from nnhw.options import BuildOptions, read_shapes
from nnhw.reference import consult_file

W = {"w": normal(4, 3, 3, 3), "v": normal(6, 2), "axes": np.array([2, 3])}


def flattened(shape):
    """A convolution whose result is flattened by arithmetic on its shape, as exporters write it."""
    constants = {**W, "minus": np.array([-1]), "zero": np.array(0)}
    nodes = [
        node("Conv", "x w", "c", pads=[1, 1, 1, 1]),
        node("Shape", "c", "s"),
        node("Gather", "s zero", "n"),
        node("Unsqueeze", "n zeros", "n1"),
        node("Concat", "n1 minus", "new", axis=0),
        node("Reshape", "c new", "y"),
    ]
    return model(nodes, shape, constants | {"zeros": np.array([0])}, opset=13)


def two_inputs():
    """Of which the second has an axis of the same name."""
    made = model([node("Add", "x z")], ("N", 3, "height", 8))
    made.graph.input.append(
        helper.make_tensor_value_info("z", TensorProto.FLOAT, ("N", 3, "height", "width"))
    )
    return made


def test_sizes_are_fixed_and_arithmetic_on_them_is_folded(tmp_path):
    path = save(flattened(("N", 3, "h", "w")), tmp_path)
    graph = load_model(path, {"x": (1, 3, 6, 5)})
    assert graph.inputs[0].onnx_shape == (3, 6, 5)
    assert graph.outputs[0].onnx_shape == (4 * 6 * 5,)
    # The reference runs the file itself, whose sizes are still open.
    assert consult_file(path, graph, None, 0).compared_samples


def test_the_only_input_needs_no_name(tmp_path):
    path = save(flattened(("N", 3, "h", "w")), tmp_path)
    assert load_model(path, {"": (1, 3, 6, 5)}).inputs[0].onnx_shape == (3, 6, 5)


def test_axes_of_one_name_have_one_size(tmp_path):
    path = save(two_inputs(), tmp_path)
    with pytest.raises(UnsupportedError) as caught:
        load_model(path, {"x": (1, 3, 4, 8)})
    assert "Input 'z': axis 3 (width) has no fixed size" in str(caught.value)
    assert "--input-shape z=1x3x4x96 " in str(caught.value)
    graph = load_model(path, {"x": (1, 3, 4, 8), "z": (1, 3, 4, 8)})
    assert [port.onnx_shape for port in graph.inputs] == [(3, 4, 8)] * 2
    with pytest.raises(OptionError, match="axis 'height' of the model both 4 and 5 long"):
        load_model(path, {"x": (1, 3, 4, 8), "z": (1, 3, 5, 8)})


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"z": (1, 3, 6, 5)}, r"input_shape names input 'z'; the model's inputs are 'x'$"),
        ({"x": (3, 6, 5)}, r"gives input 'x' the shape 3x6x5, but in the model it is Nx3x\?xw;"),
        ({"x": (1, 4, 6, 5)}, r"the shape 1x4x6x5, but in the model it is Nx3x\?xw;"),
    ],
)
def test_shapes_that_do_not_fit(tmp_path, shapes, message):
    with pytest.raises(OptionError, match=message):
        load_model(save(flattened(("N", 3, None, "w")), tmp_path), shapes)


def test_an_input_that_is_not_named_among_several(tmp_path):
    with pytest.raises(OptionError, match=r"does not say which input it means; .* 'x', 'z'"):
        load_model(save(two_inputs(), tmp_path), {"": (1, 3, 4, 8)})


def test_a_message_names_the_option_with_an_example_that_works(tmp_path):
    path = save(flattened(("N", 3, "h", None)), tmp_path)
    (problem,) = read_summary(path)[0].problems
    assert "Input 'x': axes 2 (h) and 3 (unnamed) have no fixed size" in problem
    example = problem.split("--input-shape ")[1].split(" ")[0]
    summary = inspect_model(path, input_shape=example)
    assert not summary.problems
    assert summary.inputs[0].shape == (1, 3, 96, 96)


@pytest.mark.parametrize(
    "value", ["x=1x3x6x5", {"x": "1x3x6x5"}, {"x": [1, 3, 6, 5]}, {"x": (1, 3, 6, 5)}]
)
def test_forms_of_the_option(value):
    options = BuildOptions(input_shape=value)
    assert options.input_shape == {"x": (1, 3, 6, 5)}
    assert options.replace(input_shape="z=2").input_shape == {"x": (1, 3, 6, 5), "z": (2,)}
    assert BuildOptions(input_shape=options.to_dict()["input_shape"]) == options


def test_forms_of_the_only_shape():
    assert read_shapes("1x3x6x5") == read_shapes([1, 3, 6, 5]) == {"": (1, 3, 6, 5)}
    assert read_shapes("a=b=1x2") == {"a=b": (1, 2)}


@pytest.mark.parametrize(
    "value", ["", "x=", "1x", "1x-3", "1x0", "1,3", 4, [], [1.0], {3: "1x2"}, "9" * 5000, {"x": 3}]
)
def test_what_is_no_shape(value):
    with pytest.raises(OptionError, match="Option input_shape must be sizes of all axes"):
        BuildOptions(input_shape=value)
