"""The fuzzer finds each kind of fault, and in nnhw none.

It runs as a program of its own: what forks must not have pytest's threads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnhw.ir import Port

from .draw import Draw
from .net import Net
from .reference import Reference, WrongShapeError

ROOT = Path(__file__).parents[2]
COUNT = 150


def run(module: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_inputs(seed):
    """150 inputs of all kinds; `python -m tests.fuzz --count 20000 --jobs 2` tries more."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tflite")
    done = run("tests.fuzz", "--count", str(COUNT), "--seed", str(seed))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def planted() -> dict[str, dict]:
    """Outcomes by what was broken."""
    pytest.importorskip("onnxruntime")
    done = run("tests.fuzz.plants")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_planted(planted):
    """Without a fault, an input without a mutation is accepted and right."""
    assert planted["nothing"]["result"] == "accepted"
    assert planted["nothing"]["compared"].startswith("float")
    assert planted["nothing in a quantized file"]["compared"] == "float and integers"
    assert planted["nothing in a folder"]["result"] == "accepted"


@pytest.mark.parametrize(
    ("plant", "result", "signature"),
    [
        ("traceback", "traceback", "KeyError at "),
        ("memory", "memory", "MemoryError at "),
        ("hidden memory", "memory", "MemoryError at "),
        ("time", "time", "more than "),
        ("hang", "time", "hangs at "),
        ("crash", "crash", "signal 11"),
        ("misreading", "wrong answer", "the build finds a misreading"),
        ("misreading unnoticed", "wrong answer", "float, as read"),
        ("disagreement", "disagreement", "inspect says yes, build says MappingError"),
        ("wrong integers", "wrong answer", "integers and model.qdq.onnx"),
        ("wrong integers of a quantized file", "wrong answer", "integers of a quantized file"),
        ("wrong answer of a folder", "wrong answer", "an edited folder answers differently"),
        ("deleted outside", "outside", "files changed outside"),
        ("written outside", "outside", "open outside"),
        ("left over", "left over", "files are left after a refusal"),
        ("unsafe name", "unsafe name", "of a manifest"),
    ],
)
def test_fault_is_found(planted, plant, result, signature):
    assert planted[plant]["result"] == result, planted[plant]
    assert signature in planted[plant]["signature"]


def test_mixed_samples_are_found():
    """What a model computes across samples that go together is no answer for each of them."""
    pytest.importorskip("onnxruntime")
    net = Net(Draw("mixed"))
    model = net.model(net.add("ReduceMean", net.input(3, 4), axes=[0], keepdims=1))
    source, sink = (Port(tensor=name, onnx_name=name, onnx_shape=(4,)) for name in ("x", "t0"))
    with pytest.raises(WrongShapeError, match="read as 3 of"):
        Reference(model, [source], [sink]).run({"x": np.ones((6, 4), np.float32)})


def test_same_number_is_same_input(tmp_path):
    """An input depends on seed and number alone, not on those tried before."""
    for name, arguments in {
        "alone": ["--only", "7"],
        "row": ["--first", "5", "--count", "3"],
    }.items():
        run("tests.fuzz", *arguments, "--json", str(tmp_path / name))
    (alone,) = json.loads((tmp_path / "alone").read_text())
    last = json.loads((tmp_path / "row").read_text())[-1]
    for outcome in (alone, last):
        del outcome["seconds"], outcome["peak"]
    assert alone["steps"]
    assert alone == last
