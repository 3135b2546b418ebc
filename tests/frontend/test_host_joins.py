"""What the host makes of several values at the end of a network: Concat, NonMaxSuppression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from host_program import by_onnxruntime, run_host
from onnx import TensorProto
from onnx_models import model, node, normal, run_onnxruntime, save

from nnhw import build, run_design
from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Concat, Function, Graph, from_channels_last, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import run_float
from nnhw.reference import ask_file

IMAGE = (1, 3, 4, 5)
KERNELS = {"k": normal(4, 3, 1, 1), "m": normal(2, 3, 1, 1, seed=1), "n": normal(4, 10, seed=2)}
BOXES = node("Conv", "x k", "b")
CLASSES = node("Conv", "x m", "c")
SOFTMAX = node("Softmax", "c", "s", axis=1)

# Detector: 20 boxes (1, 20, 4) and scores (1, 2, 20) of an image.
SHAPES = {"flat_b": np.array([1, 4, 20]), "flat_c": np.array([1, 2, 20])}
LIMITS = {"most": np.array([3]), "iou": np.float32([0.3]), "least": np.float32([0.6])}
DETECTOR = [
    *(BOXES, node("Reshape", "b flat_b", "f"), node("Transpose", "f", "boxes", perm=[0, 2, 1])),
    *(CLASSES, node("Reshape", "c flat_c", "logits"), node("Sigmoid", "logits", "scores")),
]
SELECT = node("NonMaxSuppression", "boxes scores most iou least", "y", center_point_box=1)


def made_of(
    nodes: Sequence[onnx.NodeProto],
    outputs: Sequence[str] = ("y",),
    kind: int = TensorProto.FLOAT,
    shape: Sequence[int | str] = IMAGE,
    **constants: np.ndarray,
) -> onnx.ModelProto:
    """A model with those constants that its nodes read; `kind` is the type of its last output."""
    read = {name for proto in nodes for name in proto.input}
    used = {n: c for n, c in (KERNELS | SHAPES | LIMITS | constants).items() if n in read}
    made = model(nodes, shape, used, outputs=outputs)
    made.graph.output[-1].type.tensor_type.elem_type = kind
    return made


def check(
    nodes: Sequence[onnx.NodeProto],
    folder: Path,
    outputs: Sequence[str] = ("y",),
    kind: int = TensorProto.FLOAT,
    x: np.ndarray | None = None,
    **constants: np.ndarray,
) -> Graph:
    """What hardware and host together make of samples, each for itself, is onnxruntime's answer.

    Returns the loaded graph.
    """
    made = made_of(nodes, outputs, kind, **constants)
    graph = load_model(save(made, folder))
    samples = normal(6, *IMAGE[1:], seed=7) if x is None else x
    for network in (graph, simplify_graph(graph)):
        (source,) = network.inputs
        for sample in np.split(samples, len(samples)):
            image = to_channels_last(sample, source, network.tensors[source.tensor])
            found = run_float(network, image)
            results = run_host(
                network.outputs,
                {p.onnx_name: from_channels_last(found[p.tensor], p) for p in network.outputs},
                by_onnxruntime,
            )
            for name, result in zip(outputs, results.values(), strict=True):
                expected = run_onnxruntime(made, sample, name)
                if expected.dtype.kind == "i":
                    np.testing.assert_array_equal(result, expected)
                else:
                    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    return graph


def steps(graph: Graph) -> dict[str, tuple[str, ...]]:
    return {port.onnx_name: port.host_postprocess for port in graph.outputs}


def operands(graph: Graph) -> list[str]:
    return [port.onnx_name for port in graph.outputs if port.is_operand]


def refusal(made: onnx.ModelProto, folder: Path) -> str:
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(made, folder))
    (problem,) = caught.value.problems
    return problem


def test_boxes_beside_softmax(tmp_path):
    graph = check([BOXES, CLASSES, SOFTMAX, node("Concat", "b s", axis=-3)], tmp_path)
    assert steps(graph) == {
        "b": ("Concat(axis=1, inputs=['b', 'c'])",),
        "c": ("Softmax(axis=1)",),
    }
    assert operands(graph) == ["c"]
    assert not any(isinstance(n, Concat) for n in graph.nodes)


def test_joined_joins_and_the_same_value_twice(tmp_path):
    nodes = [
        *(BOXES, CLASSES, SOFTMAX, node("Concat", "s s", "t", axis=1)),
        *(node("Concat", "b t", "u", axis=1), node("Concat", "t b u b", "v", axis=1)),
    ]
    graph = check([*nodes, node("Flatten", "v")], tmp_path)
    assert steps(graph) == {
        "c": (
            "Softmax(axis=1)",
            "Concat(axis=1, inputs=['c', 'c'])",
            "Concat(axis=1, inputs=['c', 'b', 'b_2', 'b'])",
            "Reshape(shape=[1, 400])",
        ),
        "b": (),
        "b_2": ("Concat(axis=1, inputs=['b_2', 'c_2'])",),
        "c_2": ("Softmax(axis=1)", "Concat(axis=1, inputs=['c_2', 'c_2'])"),
    }


def test_labels_beside_scores(tmp_path):
    """Of one tensor, which leaves once for each of the two."""
    nodes = [
        *(CLASSES, node("ArgMax", "c", "a", axis=1), node("Cast", "a", "l", to=TensorProto.FLOAT)),
        *(SOFTMAX, node("Concat", "l s", "j", axis=1), node("Transpose", "j", perm=[0, 2, 3, 1])),
    ]
    graph = check(nodes, tmp_path)
    assert steps(graph) == {
        "c": (
            *("ArgMax(axis=1, keepdims=1)", "Cast(to=float)"),
            *("Concat(axis=1, inputs=['c', 'c_2'])", "Transpose(perm=[0, 2, 3, 1])"),
        ),
        "c_2": ("Softmax(axis=1)",),
    }


def test_an_output_is_an_operand_too(tmp_path):
    nodes = [BOXES, CLASSES, SOFTMAX, node("Concat", "s b", axis=1)]
    graph = check(nodes, tmp_path, outputs=("b", "s", "y"))
    assert steps(graph) == {
        "b": (),
        "c": ("Softmax(axis=1)",),
        "y": ("Softmax(axis=1)", "Concat(axis=1, inputs=['y', 'b'])"),
    }
    assert not operands(graph)


def test_what_hardware_can_join_it_joins(tmp_path):
    plain = check([BOXES, CLASSES, node("Concat", "b c", axis=1)], tmp_path)
    sigmoid = node("Sigmoid", "c", "s")
    part = check([BOXES, CLASSES, sigmoid, node("Concat", "b s", axis=1)], tmp_path)
    for graph in (plain, part):
        assert graph.host_postprocess == ()
        assert any(isinstance(n, Concat) for n in graph.nodes)
    assert any(isinstance(n, Function) for n in part.nodes)


def test_concat_within_the_network_is_refused(tmp_path):
    nodes = [BOXES, CLASSES, SOFTMAX, node("Concat", "b s", "j", axis=1)]
    problem = refusal(made_of([*nodes, node("Relu", "j")]), tmp_path)
    assert problem.startswith("Softmax 'the_softmax_s': its result is used by Relu 'the_relu_y'")


def test_constant_beside_softmax_is_refused(tmp_path):
    nodes = [CLASSES, SOFTMAX, node("Concat", "s o", axis=1)]
    problem = refusal(made_of(nodes, o=np.ones((1, 1, 4, 5), np.float32)), tmp_path)
    assert problem.startswith("Concat 'the_concat_y': it stays with the host, which has no")
    assert "constant 'o'; end the network before it" in problem


@pytest.mark.parametrize("center", [0, 1])
@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ("most iou least", "max_output_boxes_per_class=3, iou_threshold=0.3, score_threshold=0.6"),
        ("most", "max_output_boxes_per_class=3, iou_threshold=0.0"),
        ("most - least", "max_output_boxes_per_class=3, iou_threshold=0.0, score_threshold=0.6"),
        ("", "max_output_boxes_per_class=0, iou_threshold=0.0"),
    ],
)
def test_non_max_suppression(tmp_path, inputs, text, center):
    select = node("NonMaxSuppression", f"boxes scores {inputs}", center_point_box=center)
    graph = check([*DETECTOR, select], tmp_path, kind=TensorProto.INT64)
    text += ", center_point_box=1" if center else ""
    assert steps(graph) == {
        "boxes": (f"NonMaxSuppression({text}, inputs=['boxes', 'logits'])",),
        "logits": ("Sigmoid",),
    }
    assert not any(isinstance(n, Function) for n in graph.nodes)


def test_equal_scores_and_boxes_are_as_in_onnxruntime(tmp_path):
    x = np.zeros((3, 3, 4, 5), np.float32)
    x[1, :, ::2] = x[2, :, :, 1:3] = 1
    every = {"most": np.array([20]), "iou": np.float32([1]), "least": np.float32([0])}
    check([*DETECTOR, SELECT], tmp_path, kind=TensorProto.INT64, x=x, **every)
    check([*DETECTOR, SELECT], tmp_path, kind=TensorProto.INT64, x=x, iou=np.float32([0]))


def test_boxes_and_scores_are_outputs_too(tmp_path):
    outputs = ("boxes", "scores", "y")
    graph = check([*DETECTOR, SELECT], tmp_path, outputs=outputs, kind=TensorProto.INT64)
    assert [(p.onnx_name, len(p.host_postprocess)) for p in graph.outputs] == [
        *(("boxes", 0), ("logits", 1), ("y", 1)),
    ]
    assert steps(graph)["y"][0].endswith("inputs=['y', 'logits'])")


@pytest.mark.parametrize(
    ("nodes", "kind", "message"),
    [
        (
            [SELECT, node("Gather", "y index", "z", axis=1)],
            TensorProto.INT64,
            "NonMaxSuppression 'the_nonmaxsuppression_y': its result is used by Gather",
        ),
        (
            [SELECT, node("Cast", "y", "z", to=TensorProto.FLOAT)],
            TensorProto.FLOAT,
            "Cast 'the_cast_z': how large its input 'y' is depends on the data; end the network",
        ),
        (
            [node("NonMaxSuppression", "fixed scores most", "z")],
            TensorProto.INT64,
            "NonMaxSuppression 'the_nonmaxsuppression_z': it stays with the host, which has no "
            "constant 'fixed'; end the network before it",
        ),
        (
            [node("NonMaxSuppression", "boxes scores most high", "z")],
            TensorProto.INT64,
            "NonMaxSuppression 'the_nonmaxsuppression_z': its iou_threshold is 1.5; export it",
        ),
    ],
)
def test_refused(tmp_path, nodes, kind, message):
    constants = {"index": np.array([2]), "fixed": normal(1, 20, 4), "high": np.float32([1.5])}
    made = made_of([*DETECTOR, *nodes], ("z",), kind, **constants)
    assert refusal(made, tmp_path).startswith(message)


def test_samples_before_non_max_suppression(tmp_path):
    """An open first axis counts images; of a fixed number the result tells which is which."""
    reshape = {"flat_b": np.array([-1, 4, 20]), "flat_c": np.array([-1, 2, 20])}
    nodes = [*DETECTOR, SELECT]
    free = made_of(nodes, ("y",), TensorProto.INT64, ("N", *IMAGE[1:]), **reshape)
    boxes, scores = load_model(save(free, tmp_path)).outputs
    assert (boxes.onnx_shape, scores.onnx_shape) == ((20, 4), (2, 20))
    two = made_of(nodes, ("y",), TensorProto.INT64, (2, *IMAGE[1:]), **reshape)
    with pytest.raises(UnsupportedError, match=r"_y': it moves what lies along the first axis of"):
        load_model(save(two, tmp_path))


def test_boxes_along_the_first_axis_are_no_samples(tmp_path):
    nodes = [
        *(node("Gemm", "x w", "b"), node("Gemm", "x v", "s")),
        *(node("Unsqueeze", "b front", "boxes"), node("Transpose", "s", "t")),
        *(node("Unsqueeze", "t front", "scores"), SELECT),
    ]
    constants = {"w": normal(6, 4), "v": normal(6, 2), "front": np.array([0])}
    fixed = made_of(nodes, ("y",), TensorProto.INT64, (20, 6), **constants)
    graph = load_model(save(fixed, tmp_path))
    assert [p.onnx_shape for p in graph.outputs] == [(20, 4), (2, 20)]
    free = made_of(nodes, ("y",), TensorProto.INT64, ("N", 6), **constants)
    problem = refusal(free, tmp_path)
    assert problem.startswith("NonMaxSuppression 'the_nonmaxsuppression_y': it combines samples")


def test_the_file_answers_for_every_port(tmp_path):
    """Also where the last tensor before an output has the name of another output."""
    outputs = ("boxes", "scores", "y")
    made = made_of([*DETECTOR, SELECT], outputs, TensorProto.INT64)
    path = save(made, tmp_path)
    x = normal(5, *IMAGE[1:])
    answers = ask_file(path, load_model(path), x.transpose(0, 2, 3, 1))
    assert answers.reason == ""
    assert answers.from_file == {"boxes", "logits", "y"}
    expected = run_onnxruntime(made, x, "boxes")
    np.testing.assert_array_equal(answers.outputs["y"], answers.outputs["boxes"])
    np.testing.assert_allclose(answers.outputs["y"], expected, rtol=1e-4, atol=1e-5)


def test_build(tmp_path):
    path = save(made_of([*DETECTOR, SELECT], ("y",), TensorProto.INT64), tmp_path)
    data, out = tmp_path / "x.npz", tmp_path / "out"
    np.savez(data, x=normal(40, *IMAGE[1:]))
    report = build(path, data=data, out=out, rows=4, cols=4, vectors=2).report
    assert report.verification is not None
    assert report.verification.passed
    manifest = json.loads((out / "manifest.json").read_text())
    assert [(e["name"], e["host_postprocess"], e["is_operand"]) for e in manifest["outputs"]] == [
        (p.onnx_name, list(p.host_postprocess), p.is_operand) for p in load_model(path).outputs
    ]
    assert report.host_postprocess[1] == "logits: Sigmoid"
    assert list(run_design(out, data).outputs) == ["boxes", "logits"]
