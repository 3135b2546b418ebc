"""Misreadings are found, rounding is none."""

import dataclasses

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_models import CONSTANTS, dense_model, dense_nodes, onnx_model, samples, saved

import nnhw.frontend.prepare
from nnhw import build
from nnhw.errors import NnhwError, VerificationError
from nnhw.frontend import load_model
from nnhw.ir import Conv
from nnhw.reference import ask_file, ask_reading, check_reading


def images(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), 1, 1, -1)


def with_weights(network, change):
    """The network with another weight in its last convolution."""
    last = [node for node in network.nodes if isinstance(node, Conv)][-1]
    nodes = [
        dataclasses.replace(node, weight=change(node.weight)) if node is last else node
        for node in network.nodes
    ]
    return dataclasses.replace(network, nodes=tuple(nodes))


@pytest.fixture
def path(tmp_path):
    return saved(dense_model(), tmp_path)


def test_equal(path):
    x = images(samples(20))
    network = load_model(path)
    assert check_reading(path, network, x, ask_file(path, network, x)) == 8


def test_a_weight_that_differs(path):
    x = images(samples(20))
    network = with_weights(load_model(path), lambda weight: weight * 1.001)
    with pytest.raises(VerificationError) as caught:
        check_reading(path, network, x, ask_file(path, network, x))
    message = str(caught.value)
    assert "reads output 'z' of the model differently from onnxruntime" in message
    assert "They part at node 'second' (tensor 'z')." in message
    assert "please report" in message


def test_one_small_weight_of_many(path):
    x = images(samples(20))

    def change(weight):
        changed = weight.copy()
        changed.flat[3] += 0.003
        return changed

    network = with_weights(load_model(path), change)
    with pytest.raises(VerificationError):
        check_reading(path, network, x, ask_file(path, network, x))


def test_rounding_is_no_difference(path):
    x = images(samples(20))
    network = with_weights(load_model(path), lambda weight: weight * (1 + 1e-7))
    assert check_reading(path, network, x, ask_file(path, network, x)) == 8


def test_little_differences_of_large_numbers(tmp_path):
    """What is left of a sum in which nearly everything cancels is the order of its terms."""
    weight = np.full((256, 1), 1000, np.float32)
    weight[1::2] *= -1
    path = saved(
        onnx_model(
            [helper.make_node("MatMul", ["x", "w"], ["y"], "dense")],
            {"x": (TensorProto.FLOAT, ["n", 256])},
            {"y": TensorProto.FLOAT},
            {"w": weight},
        ),
        tmp_path,
    )
    x = np.repeat(samples(8, 128), 2, axis=1) + 1e-7 * samples(8, 256)
    network = load_model(path)
    answers = ask_file(path, network, images(x))
    ours = ask_reading(network, images(x)).outputs["y"]
    # Other orders give other results, which both are right.
    other = ours + 1e-4 * np.sign(ours)
    relative = np.abs(other - ours).max() / np.abs(ours).max()
    assert relative > 1e-3
    disordered = dataclasses.replace(answers, outputs={"y": other})
    assert check_reading(path, network, images(x), disordered) == 8


def test_what_slimming_spoils(path, tmp_path, monkeypatch):
    slim = nnhw.frontend.prepare.slim

    def spoil(model: onnx.ModelProto) -> onnx.ModelProto:
        model = slim(model)
        (tensor,) = [t for t in model.graph.initializer if t.name == "w"]
        weight = numpy_helper.to_array(tensor).copy()
        weight[0, 0] = -weight[0, 0]
        tensor.CopyFrom(numpy_helper.from_array(weight, "w"))
        return model

    monkeypatch.setattr(nnhw.frontend.prepare, "slim", spoil)
    data = tmp_path / "data.npz"
    np.savez(data, x=samples(20))
    with pytest.raises(VerificationError, match="They part at node 'first'"):
        build(path, data=data, out=tmp_path / "out", sim=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "mixing",
    [
        [helper.make_node("ReduceMean", ["z"], ["y"], "mean", axes=[0], keepdims=1)],
        [
            helper.make_node("ReduceMean", ["z"], ["m"], "mean", axes=[0], keepdims=1),
            helper.make_node("Sub", ["z", "m"], ["y"], "centre"),
        ],
    ],
)
def test_a_batch_that_mixes_is_not_built(tmp_path, mixing):
    """The first axis is one of the data there, whatever it is taken for."""
    path = saved(
        onnx_model(
            [*dense_nodes(), *mixing],
            {"x": (TensorProto.FLOAT, [8, 6])},
            {"y": TensorProto.FLOAT},
            CONSTANTS,
        ),
        tmp_path,
    )
    data = tmp_path / "data.npz"
    np.savez(data, x=samples(24))
    with pytest.raises(NnhwError):
        build(path, data=data, out=tmp_path / "out", sim=False)


def rounding_model(step: float) -> onnx.ModelProto:
    """Rounds to steps of 0.1, and then to others."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "zero"], ["xd"]),
        helper.make_node("QuantizeLinear", ["xd", "t", "zero"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "t", "zero"], ["y"], "last"),
    ]
    constants = {"s": np.float32(0.1), "t": np.float32(step), "zero": np.int8(0)}
    return onnx_model(
        nodes, {"x": (TensorProto.FLOAT, ["n", 6])}, {"y": TensorProto.FLOAT}, constants
    )


def test_steps_next_to_a_tie(tmp_path):
    """Every second result is next to a tie: that it falls on the other side is no misreading."""
    path = saved(rounding_model(0.2), tmp_path)
    x = samples(16)
    network = load_model(path)
    answers = ask_file(path, network, images(x))
    up = np.where(np.rint(x / 0.1) % 2 == 1, 0.2, 0.0)
    moved = dataclasses.replace(answers, outputs={"y": answers.outputs["y"] + up})
    assert check_reading(path, network, images(x), moved) == 8
    spoiled = dataclasses.replace(answers, outputs={"y": answers.outputs["y"] * 3})
    with pytest.raises(VerificationError):
        check_reading(path, network, images(x), spoiled)


@pytest.mark.parametrize(("count", "is_misread"), [(2, False), (3, True)])
def test_a_step_that_falls_on_the_other_side(tmp_path, count, is_misread):
    """Where no other result is next to a tie, a quarter of the samples may still be."""
    path = saved(rounding_model(0.13), tmp_path)
    x = samples(8)
    network = load_model(path)
    answers = ask_file(path, network, images(x))
    moved = answers.outputs["y"].copy()
    moved[:count, 0] += 0.13
    answers = dataclasses.replace(answers, outputs={"y": moved})
    if is_misread:
        with pytest.raises(VerificationError, match="rounding explains"):
            check_reading(path, network, images(x), answers)
    else:
        assert check_reading(path, network, images(x), answers) == 8


def test_what_is_zero_to_a_runtime(tmp_path):
    """Sigmoid far below zero is 0 to onnxruntime, and the sign of what follows is undefined."""
    path = saved(
        onnx_model(
            [
                helper.make_node("Sigmoid", ["x"], ["s"]),
                helper.make_node("Mul", ["x", "s"], ["m"]),
                helper.make_node("Sign", ["m"], ["y"]),
            ],
            {"x": (TensorProto.FLOAT, ["n", 6])},
            {"y": TensorProto.FLOAT},
            {},
        ),
        tmp_path,
    )
    x = samples(8, 6) * 3
    x[:, 0] = -30
    network = load_model(path)
    answers = ask_file(path, network, images(x))
    ours = ask_reading(network, images(x)).outputs["y"]
    assert (ours != answers.outputs["y"]).any()
    assert check_reading(path, network, images(x), answers) == 8


def test_what_overflows_in_the_file_alone(tmp_path):
    """Sigmoid is 0 in onnxruntime where it is almost nothing, so that its reciprocal overflows."""
    nodes = [
        helper.make_node("Sigmoid", ["x"], ["s"], name="s"),
        helper.make_node("Div", ["one", "s"], ["z"], name="z"),
    ]
    kinds = {"x": (TensorProto.FLOAT, ["n", 6])}, {"z": TensorProto.FLOAT}
    path = saved(onnx_model(nodes, *kinds, {"one": np.float32(1)}), tmp_path)
    x = images(samples(20))
    x[..., 0] = -40
    network = load_model(path)
    answers = ask_file(path, network, x)
    assert np.isinf(answers.outputs["z"]).any()
    assert check_reading(path, network, x, answers) == 8
