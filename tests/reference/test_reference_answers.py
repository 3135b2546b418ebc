"""The model file's own answers, as a build uses them."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from small_models import CONSTANTS, dense_model, dense_nodes, onnx_model, samples, saved, scores

from nnhw.errors import ModelError
from nnhw.frontend import ExposedModel, load_model
from nnhw.reference import ask_file, ask_reading, consult_file


def images(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), 1, 1, -1)


def test_the_tensor_before_the_tail(tmp_path):
    path = saved(dense_model(), tmp_path)
    x = samples(5)
    answers = ask_file(path, load_model(path), images(x))
    assert list(answers.outputs) == ["z"]
    np.testing.assert_allclose(answers.outputs["z"], scores(x), rtol=1e-5, atol=1e-5)
    assert answers.from_file == {"z"}
    assert answers.by.startswith("the file itself, run by onnxruntime 1.")
    assert answers.reason == ""


def test_many_samples_go_to_several_processes(tmp_path, monkeypatch):
    monkeypatch.setattr("nnhw.data.dataset._PART_ELEMENTS", 3 * (6 + 4))
    path = saved(dense_model(2), tmp_path)
    x = samples(7)
    answers = ask_file(path, load_model(path), images(x))
    np.testing.assert_allclose(answers.outputs["z"], scores(x), rtol=1e-5, atol=1e-5)


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    def fail(self):
        raise ModelError("The model has more than 2 GiB, which no ONNX message can hold")

    monkeypatch.setattr(ExposedModel, "to_bytes", fail)
    path = saved(dense_model(), tmp_path)
    answers = consult_file(path, load_model(path), None, 0)
    assert answers.by == "nnhw's own reading of the file"
    assert answers.reason.startswith("The model has more than 2 GiB")


def test_channels_first_images(tmp_path):
    weight = np.random.default_rng(2).standard_normal((4, 3, 2, 2)).astype(np.float32)
    path = saved(
        onnx_model(
            [helper.make_node("Conv", ["x", "w"], ["y"], "conv")],
            {"x": (TensorProto.FLOAT, [1, 3, 5, 6])},
            {"y": TensorProto.FLOAT},
            {"w": weight},
        ),
        tmp_path,
    )
    network = load_model(path)
    x = np.random.default_rng(3).standard_normal((3, 5, 6, 3)).astype(np.float32)
    answers = ask_file(path, network, x)
    assert answers.outputs["y"].shape == (3, 4, 4, 5)
    np.testing.assert_allclose(
        answers.outputs["y"], ask_reading(network, x).outputs["y"], rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [(TensorProto.UINT8, 1e-5), (TensorProto.INT64, 1e-5), (TensorProto.FLOAT16, 1e-2)],
)
def test_inputs_of_other_types(tmp_path, kind, tolerance):
    cast = helper.make_node("Cast", ["pixels"], ["x"], "cast", to=TensorProto.FLOAT)
    path = saved(
        onnx_model(
            [cast, *dense_nodes()],
            {"pixels": (kind, ["n", 6])},
            {"z": TensorProto.FLOAT},
            CONSTANTS,
        ),
        tmp_path,
    )
    x = np.random.default_rng(0).integers(0, 200, (4, 6)).astype(np.float32)
    answers = consult_file(path, load_model(path), images(x), 0)
    np.testing.assert_allclose(answers.outputs["z"], scores(x), rtol=tolerance, atol=0.01)
    assert answers.compared_samples == 4


def test_double_precision(tmp_path):
    constants = {name: value.astype(np.float64) for name, value in CONSTANTS.items()}
    path = saved(
        onnx_model(
            dense_nodes(),
            {"x": (TensorProto.DOUBLE, ["n", 6])},
            {"z": TensorProto.DOUBLE},
            constants,
        ),
        tmp_path,
    )
    x = samples(4)
    answers = consult_file(path, load_model(path), images(x), 0)
    np.testing.assert_allclose(answers.outputs["z"], scores(x), rtol=1e-5, atol=1e-5)


def test_quantized_outputs_are_real_values(tmp_path):
    """A QDQ file that ends in uint8; and one whose integers the host sorts."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "zero"], ["xd"]),
        helper.make_node("DequantizeLinear", ["wq", "s"], ["w"]),
        helper.make_node("MatMul", ["xd", "w"], ["h"], "dense"),
        helper.make_node("QuantizeLinear", ["h", "t", "zero"], ["y"]),
    ]
    constants = {
        "s": np.float32(0.05),
        "t": np.float32(0.1),
        "zero": np.uint8(120),
        "wq": np.random.default_rng(0).integers(-20, 20, (6, 3)).astype(np.int8),
    }
    path = saved(
        onnx_model(
            nodes,
            {"x": (TensorProto.FLOAT, ["n", 6])},
            {"y": TensorProto.UINT8},
            constants,
        ),
        tmp_path,
    )
    network = load_model(path)
    x = samples(6)
    answers = ask_file(path, network, images(x))
    assert answers.from_file == {"y"}
    ours = ask_reading(network, images(x)).outputs["y"]
    np.testing.assert_allclose(answers.outputs["y"], ours, atol=0.101)
    assert np.mean(answers.outputs["y"] == pytest.approx(ours, abs=1e-5)) == 1
    assert np.abs(ours).max() > 0.5
    # Without samples, what the first quantization represents is drawn.
    assert consult_file(path, network, None, 0).compared_samples == 8


def test_scores_and_their_softmax_are_both_outputs(tmp_path):
    """The second port has the name of what the host makes of it, and the tensor of the first."""
    path = saved(
        onnx_model(
            [*dense_nodes(), helper.make_node("Softmax", ["z"], ["y"], "softmax", axis=-1)],
            {"x": (TensorProto.FLOAT, ["n", 6])},
            {"z": TensorProto.FLOAT, "y": TensorProto.FLOAT},
            CONSTANTS,
        ),
        tmp_path,
    )
    network = load_model(path)
    x = samples(4)
    answers = consult_file(path, network, images(x), 0)
    assert [port.onnx_name for port in network.outputs] == ["z", "y"]
    assert answers.from_file == {"z", "y"}
    np.testing.assert_allclose(answers.outputs["z"], scores(x), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(answers.outputs["y"], answers.outputs["z"])
    assert answers.reason == ""


def test_a_file_that_onnxruntime_refuses(tmp_path):
    path = saved(
        onnx_model(
            [
                helper.make_node(
                    "Quant", ["x", "s", "zero", "bits"], ["q"], domain="qonnx.custom_op.general"
                ),
                helper.make_node("MatMul", ["q", "w"], ["y"], "dense"),
            ],
            {"x": (TensorProto.FLOAT, [1, 6])},
            {"y": TensorProto.FLOAT},
            {
                "s": np.float32(0.1),
                "zero": np.float32(0),
                "bits": np.float32(8),
                "w": CONSTANTS["w"],
            },
            domains=["qonnx.custom_op.general"],
        ),
        tmp_path,
    )
    network = load_model(path)
    answers = consult_file(path, network, images(samples(3)), 0)
    assert answers.by == "nnhw's own reading of the file"
    assert answers.reason.startswith("onnxruntime does not run the model: ")
    assert "Quant" in answers.reason
    assert (answers.from_file, answers.compared_samples) == (frozenset(), 0)
    assert answers.outputs["y"].shape == (3, 4)
