"""Refusals: each says what to do, and names the node that is the cause, not one that suffers it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from node_refusals import draw
from onnx_models import model, node, normal, save

import nnhw.frontend
from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model

DRAWN = 100

NEXT_STEP = re.compile(
    r"(?:[;:,]|\bor|\band|\bthen) (?:\w+ )?"
    "(add|choose|compare|compute|convert|cut|end|exchange|export|fix|give|install|keep|leave|make"
    "|name|pick|put|quantize|remove|replace|reshape|save|select|take|train|use)"
    r"\b"
)
"""What to do, in the words of whoever wrote the model."""

_SUBJECT = re.compile(r"[\w.]+( \w+)? '[^']*'|The model\b|'[^']+\.onnx' ")


@pytest.mark.slow  # a hundred models
def test_refusals_name_what_they_mean_and_say_what_to_do():
    refusals = list(draw(DRAWN))
    assert len(refusals) == DRAWN
    lines = {line for refusal in refusals for line in refusal.lines}
    assert not [line for line in lines if not _SUBJECT.match(line)]
    assert not [line for line in lines if not NEXT_STEP.search(line)]


@pytest.mark.slow
def test_no_node_is_refused_twice_for_one_cause():
    """Samples that are combined somewhere are no news at every image on the way there."""
    for refusal in draw(DRAWN):
        combined = [line for line in refusal.lines if " along the first axis " in line]
        assert not combined or not [line for line in refusal.lines if "one sample;" in line]


def _texts(name: str) -> Iterator[tuple[str, str]]:
    """Where an exception of that name is made in the frontend, with its text."""
    folder = Path(nnhw.frontend.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == name):
                continue
            (text, *_) = call.args
            strings = [
                part.value if isinstance(part, ast.Constant) else "*"
                for part in (text.values if isinstance(text, ast.JoinedStr) else [text])
            ]
            if strings[-1] != "*":  # else it ends with a text from elsewhere
                yield f"{path.relative_to(folder)}:{call.lineno}", "".join(strings)


@pytest.mark.parametrize("name", ["NodeError", "Refusal"])
def test_every_text_says_what_to_do(name):
    texts = list(_texts(name))
    assert len(texts) > 10
    silent = [(at, text) for at, text in texts if not NEXT_STEP.search(text)]
    assert not silent


CONV = [node("Conv", "x w", "c"), node("Relu", "c", "r")]
WEIGHTS = {"w": normal(4, 3, 3, 3), "v": normal(2, 4, 1, 1)}
TO_FRONT = node("Transpose", "r", "t", perm=[1, 0, 2, 3])

CAUSES = {
    "a transpose at the end": (
        [*CONV, node("Transpose", "r", perm=[1, 0, 2, 3])],
        4,
        ["Transpose"],
    ),
    "a transpose that a later layer suffers": (
        [*CONV, TO_FRONT, node("Conv", "t v")],
        1,
        ["Transpose"],
    ),
    "samples that are moved and combined": ([*CONV, TO_FRONT, node("Conv", "t v")], 4, ["Conv"]),
    "samples that are combined": ([*CONV, node("ReduceMean", "r", axes=[0])], 4, ["ReduceMean"]),
    "an operator that is unknown anyhow": ([*CONV, node("Hardmax", "r", axis=0)], 4, ["Hardmax"]),
}
"""Nodes, samples, and the operators that are to be named."""


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_is_named_and_nothing_else(name, tmp_path):
    nodes, samples, operators = CAUSES[name]
    constants = dict(WEIGHTS)
    if samples == 1:
        constants["v"] = normal(2, 1, 1, 1)
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(model(nodes, (samples, 3, 8, 8), constants), tmp_path))
    assert [line.split()[0] for line in caught.value.problems] == operators
    assert "'the_conv_c'" not in str(caught.value)


def test_what_has_moved_the_samples_is_named(tmp_path):
    nodes = [*CONV, TO_FRONT, node("Conv", "t v")]
    with pytest.raises(
        UnsupportedError, match=r"Conv 'the_conv_y'.*by Transpose 'the_transpose_t'"
    ):
        load_model(save(model(nodes, (4, 3, 8, 8), WEIGHTS), tmp_path))


def test_results_of_training_are_not_refused_beside_it(tmp_path):
    """Mean and variance are there because of training_mode."""
    parameters = {name: np.ones(3, np.float32) for name in "abcd"}
    nodes = [node("BatchNormalization", "x a b c d", "y m v", training_mode=1)]
    made = model(nodes, (1, 3, 4, 4), parameters, outputs=["y", "m"])
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(made, tmp_path))
    (line,) = caught.value.problems
    assert "training_mode=1" in line
    assert "model.eval()" in line


def test_a_further_output_that_nothing_reads_but_the_user(tmp_path):
    pool = node("MaxPool", "x", "y i", kernel_shape=[2, 2])
    made = model([pool], (1, 3, 4, 4), outputs=["y", "i"])
    made.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
    with pytest.raises(UnsupportedError, match=r"'i' is used.*take it out of the model's outputs"):
        load_model(save(made, tmp_path))


def test_a_model_without_standard_operators(tmp_path):
    made = model([node("Relu", "x", "y")], (1, 3), {})
    made.opset_import[0].domain = "ai.onnx.preview.training"
    made.opset_import[0].version = 1
    with pytest.raises(nnhw.NnhwError, match="imports no version of ONNX's standard operators"):
        load_model(save(made, tmp_path))
