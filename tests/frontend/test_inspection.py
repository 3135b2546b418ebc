"""What `read_summary` tells, by hand-made numbers."""

import json

import numpy as np
from onnx_models import model, node, normal, save

from nnhw.frontend import read_summary

CONSTANTS = {
    "k": normal(8, 4, 3, 3),
    "b": normal(8),
    "g": normal(8, 1, 3, 3),
    "s": normal(8),
    "v": np.abs(normal(8)) + 1,
    "w": normal(8 * 4 * 4, 10),
}


def summary(nodes, folder, shape=(1, 4, 6, 6), constants=CONSTANTS):
    return read_summary(save(model(nodes, shape, constants), folder))[0]


def test_supported_model(tmp_path):
    told = summary(
        [
            node("Conv", "x k b", "c"),  # 4 x 4 pixels
            node("BatchNormalization", "c s s s v", "n"),
            node("Relu", "n", "r"),
            node("Conv", "r g", "d", group=8, pads=[1, 1, 1, 1]),
            node("Add", "r d", "a"),
            node("Flatten", "a", "f"),
            node("Gemm", "f w", "e"),
            node("Softmax", "e"),
        ],
        tmp_path,
    )
    assert told.supported
    assert [(one.op_type, one.macs, one.parameters) for one in told.nodes] == [
        ("Conv", 16 * 8 * 36, 8 * 36 + 8),
        ("BatchNormalization", 0, 32),
        ("Relu", 0, 0),
        ("Conv", 16 * 8 * 9, 72),
        ("Add", 0, 0),
        ("Flatten", 0, 0),
        ("Gemm", 1280, 1280),
        ("Softmax", 0, 0),
    ]
    assert told.macs == 16 * 8 * 36 + 16 * 8 * 9 + 1280
    # The constant "s" is read three times.
    assert told.parameters == 8 * 36 + 8 + 16 + 72 + 1280
    assert told.weight_bytes == 8 * 36 + 72 + 1280
    # At the addition: both summands and the sum, of 4 x 4 x 8 each.
    assert told.peak_activation_bytes == 3 * 128
    assert told.host_postprocess == ("Softmax(axis=1)",)
    assert told.inputs[0].shape == (1, 4, 6, 6)
    assert told.outputs[0].dtype == "float"
    assert told.nodes[0].output_shape == (1, 8, 4, 4)


def test_activations_work_in_place(tmp_path):
    told = summary([node("Relu", "x", "r"), node("Conv", "r k")], tmp_path)
    assert told.peak_activation_bytes == 144 + 128
    alone = summary([node("Relu", "x", "r"), node("Relu", "r")], tmp_path)
    assert alone.peak_activation_bytes == 144
    needed = summary([node("Relu", "x", "r"), node("Add", "x r")], tmp_path)
    assert needed.peak_activation_bytes == 3 * 144


def test_unsupported_model(tmp_path):
    told = summary(
        [
            node("Conv", "x k", "c"),
            node("Tan", "c", "t"),
            node("Conv", "t g", "d", group=8),
            node("Cosh", "d", "l"),
            node("Flatten", "l"),
        ],
        tmp_path,
    )
    assert not told.supported
    assert [one.supported for one in told.nodes] == [True, False, True, False, True]
    assert "replace it" in told.nodes[1].reason
    assert told.nodes[1].name not in told.nodes[1].reason
    assert told.nodes[2].macs == 2 * 2 * 72
    assert told.nodes[3].output_shape == (1, 8, 2, 2)
    assert len(told.problems) == 2


def test_sizes_that_are_not_fixed(tmp_path):
    told = summary([node("Relu", "x")], tmp_path, shape=(1, 4, "height", 6))
    assert told.inputs[0].shape is None
    assert "height" in told.problems[0]
    assert told.nodes[0].output_shape is None


def test_json(tmp_path):
    told = summary([node("Conv", "x k")], tmp_path)
    read = json.loads(json.dumps(told.to_json()))
    assert read["supported"] is True
    assert read["file"] == "small.onnx"
    assert read["nodes"][0]["output_shape"] == [1, 8, 4, 4]
    assert read["opset"] == 17
