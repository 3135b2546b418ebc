"""Arithmetic, activation and normalization operators, against onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_models import check, model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Add, ChannelAffine, Clamp, Clip
from nnhw.passes import simplify_graph


@pytest.mark.parametrize("opset", [7, 13, 14])
@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (1, 3, 1, 1), (1, 3, 4, 5), (5,), (4, 1)])
def test_constant_on_the_right(tmp_path, kind, shape, opset):
    constant = np.abs(normal(*shape).reshape(shape)) + 0.5
    check(model([node(kind, "x c")], (1, 3, 4, 5), {"c": constant}, opset=opset), tmp_path)


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("shape", [(), (3, 1, 1), (1, 3, 4, 5)])
def test_constant_on_the_left(tmp_path, kind, shape):
    constants = {"c": normal(*shape).reshape(shape)}
    check(model([node(kind, "c x")], (1, 3, 4, 5), constants), tmp_path)


def test_channel_constants_stay_channel_constants(tmp_path):
    made = model([node("Mul", "x c")], (1, 3, 4, 5), {"c": normal(1, 3, 1, 1)})
    (affine,) = check(made, tmp_path).nodes
    assert isinstance(affine, ChannelAffine)
    assert affine.scale.shape == (3,)


def test_constant_of_a_higher_rank(tmp_path):
    check(model([node("Add", "x c")], (1, 6), {"c": normal(1, 1, 6)}), tmp_path)


def test_constant_of_a_flattened_image(tmp_path):
    nodes = [node("Flatten", "x", "f"), node("Mul", "f c", "m"), node("Gemm", "m w")]
    constants = {"c": normal(24), "w": normal(24, 5)}
    check(model(nodes, (1, 2, 3, 4), constants), tmp_path)


def test_add_of_tensors(tmp_path):
    nodes = [node("Conv", "x a", "p"), node("Conv", "x b", "q"), node("Add", "p q")]
    constants = {"a": normal(4, 3, 1, 1), "b": normal(4, 3, 1, 1, seed=1)}
    graph = check(model(nodes, (1, 3, 4, 5), constants), tmp_path)
    assert isinstance(graph.nodes[-1], Add)
    check(model([node("Add", "x x")], (1, 3, 4, 5)), tmp_path)


def test_add_of_tensors_that_were_flattened(tmp_path):
    nodes = [
        node("Flatten", "x", "f"),
        node("Conv", "x a", "p"),
        node("Flatten", "p", "g"),
        node("Add", "f g"),
    ]
    check(model(nodes, (1, 3, 4, 5), {"a": normal(3, 3, 1, 1)}), tmp_path)


def test_add_in_different_orders(tmp_path):
    nodes = [
        node("Conv", "x a", "p"),
        node("Transpose", "p", "t", perm=[0, 1, 3, 2]),
        node("Add", "p t"),
    ]
    check(model(nodes, (1, 3, 4, 4), {"a": normal(3, 3, 1, 1)}), tmp_path)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        ([node("Pow", "x c")], {"c": normal(3, 4, 5)}, "a single exponent"),
        ([node("Pow", "c x")], {"c": np.float32(2)}, "has to be a constant"),
        ([node("Max", "x c")], {"c": normal(6, 3, 4, 5)}, "to a larger shape"),
        (
            [node("Max", "x c")],
            {"c": np.float32([[[1]], [[2]], [[np.inf]]])},
            "are infinite for some",
        ),
        ([node("Add", "x c")], {"c": normal(6, 3, 4, 5)}, "to a larger shape"),
        (
            [
                node("MaxPool", "x", "g", kernel_shape=[4, 1]),
                node("MaxPool", "x", "h", kernel_shape=[1, 5]),
                node("Add", "g h"),
            ],
            {},
            r"shapes \(1, 3, 1, 5\) and \(1, 3, 4, 1\)",
        ),
    ],
)
def test_refused(tmp_path, nodes, constants, message):
    constants = {name: np.asarray(value) for name, value in constants.items()}
    with pytest.raises(UnsupportedError, match=message):
        load_model(save(model(nodes, (1, 3, 4, 5), constants), tmp_path))


def test_division_by_zero(tmp_path):
    made = model([node("Div", "x c")], (1, 3), {"c": np.array([1, 0, 2], np.float32)})
    with pytest.raises(ModelError, match=r"Div 'the_div_y'.*NaN or infinity"):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize("opset", [7, 13, 14])
def test_relu(tmp_path, opset):
    check(model([node("Relu", "x")], (1, 3, 4, 5), opset=opset), tmp_path)


@pytest.mark.parametrize("bounds", [{}, {"min": 0.0}, {"max": 0.5}, {"min": -0.25, "max": 0.5}])
def test_clip_attributes(tmp_path, bounds):
    check(model([node("Clip", "x", **bounds)], (1, 3, 4, 5), opset=10), tmp_path)


@pytest.mark.parametrize("inputs", ["x", "x lo", "x - hi", "x lo hi"])
@pytest.mark.parametrize("opset", [11, 12, 13])
def test_clip_inputs(tmp_path, inputs, opset):
    constants = {"lo": np.array(-0.25, np.float32), "hi": np.array(0.5, np.float32)}
    check(model([node("Clip", inputs)], (1, 3, 4, 5), constants, opset=opset), tmp_path)


def test_clip_bounds(tmp_path):
    constants = {"lo": np.array(0, np.float32), "hi": np.array(6, np.float32)}
    (clip,) = load_model(save(model([node("Clip", "x lo hi")], (1, 3), constants), tmp_path)).nodes
    assert isinstance(clip, Clip)
    assert clip.clamp == Clamp(lo=0, hi=6)


def test_largest_floats_are_no_bounds(tmp_path):
    assert not load_model(save(model([node("Clip", "x")], (1, 3), opset=10), tmp_path)).nodes


def test_clip_of_swapped_bounds_is_refused(tmp_path):
    constants = {"lo": np.array(1, np.float32), "hi": np.array(-1, np.float32)}
    with pytest.raises(UnsupportedError, match="not an interval"):
        load_model(save(model([node("Clip", "x lo hi")], (1, 3), constants), tmp_path))


def batch_norm(channels, shape, *, opset=17, **attributes):
    constants = {
        "s": normal(channels, seed=1),
        "b": normal(channels, seed=2),
        "m": normal(channels, seed=3),
        "v": np.abs(normal(channels, seed=4)) + 0.1,
    }
    return model(
        [node("BatchNormalization", "x s b m v", **attributes)], shape, constants, opset=opset
    )


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (1, 3, 6), (1, 3)])
@pytest.mark.parametrize("opset", [7, 9, 14, 15])
def test_batch_normalization(tmp_path, shape, opset):
    check(batch_norm(3, shape, opset=opset, epsilon=0.01, momentum=0.5), tmp_path)


def test_batch_normalization_after_convolution_is_folded(tmp_path):
    made = batch_norm(4, (1, 4, 5, 5))
    made.graph.node[0].input[0] = "c"
    made.graph.node.insert(0, node("Conv", "x w", "c"))
    made.graph.initializer.append(onnx.numpy_helper.from_array(normal(4, 4, 3, 3), "w"))
    del made.graph.output[0].type.tensor_type.shape.dim[:]
    made.graph.output[0].type.CopyFrom(
        onnx.helper.make_tensor_type_proto(TensorProto.FLOAT, (1, 4, 3, 3))
    )
    assert len(simplify_graph(check(made, tmp_path)).nodes) == 1


def test_training_is_refused(tmp_path):
    made = batch_norm(3, (1, 3, 4, 5), training_mode=1)
    made.graph.node[0].output.extend(["rm", "rv"])
    with pytest.raises(UnsupportedError, match="attribute training_mode=1"):
        load_model(save(made, tmp_path))


def test_integers_are_refused(tmp_path):
    made = model(
        [node("Add", "x c", "a"), node("Cast", "a", to=TensorProto.FLOAT)],
        (1, 3),
        {"c": np.array(2, np.int32)},
        input_type=TensorProto.INT32,
    )
    with pytest.raises(UnsupportedError, match=r"Add 'the_add_a'.*integers"):
        load_model(save(made, tmp_path))


def guarded_softplus(threshold: float, otherwise: str = "s"):
    nodes = [
        node("Greater", "x t", "c"),
        node("Softplus", "x", "s"),
        node("Neg", "x", "n"),
        node("Where", f"c x {otherwise}"),
    ]
    return model(nodes, (1, 3, 4, 5), {"t": np.float32(threshold)})


def test_softplus_with_a_guard(tmp_path):
    graph = check(guarded_softplus(20), tmp_path, 30 * normal(4, 3, 4, 5))
    assert [n.function for n in simplify_graph(graph).nodes] == ["softplus"]


def test_softplus_with_a_guard_and_beta(tmp_path):
    nodes = [
        node("Mul", "x b", "a"),
        node("Softplus", "a", "s"),
        node("Div", "s b", "d"),
        node("Greater", "a t", "c"),
        node("Where", "c x d"),
    ]
    made = model(nodes, (1, 3, 4, 5), {"t": np.float32(20), "b": np.float32(2)})
    check(made, tmp_path, 30 * normal(4, 3, 4, 5))


@pytest.mark.parametrize(("threshold", "otherwise"), [(5, "s"), (20, "n")])
def test_other_choices_are_refused(tmp_path, threshold, otherwise):
    with pytest.raises(UnsupportedError, match="Greater 'the_greater_"):
        load_model(save(guarded_softplus(threshold, otherwise), tmp_path))
