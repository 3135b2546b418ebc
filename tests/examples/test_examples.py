"""The committed example files are what their README says."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from nnhw import inspect_model

EXAMPLES = Path(__file__).parents[2] / "examples"
NETWORKS = ("digits_mlp", "digits_cnn", "digits_resnet")


def readme_row(name: str) -> tuple[int, int, float]:
    """MACs, parameters and float accuracy that README.md states."""
    pattern = rf"\| `{name}\.onnx` \|.*\| ([\d,]+) \| ([\d,]+) \| ([\d.]+)% \|"
    macs, parameters, accuracy = re.search(pattern, (EXAMPLES / "README.md").read_text()).groups()
    return int(macs.replace(",", "")), int(parameters.replace(",", "")), float(accuracy)


def test_data():
    with np.load(EXAMPLES / "digits.npz") as data:
        x, y = data["x"], data["y"]
    assert (x.shape, x.dtype) == ((797, 1, 8, 8), np.uint8)
    assert (x.min(), x.max()) == (0, 16)
    assert (y.shape, y.dtype) == ((797,), np.int64)
    assert set(np.bincount(y)) <= set(range(77, 83))  # all digits are about as frequent


def test_small_enough_to_commit():
    assert sum(path.stat().st_size for path in EXAMPLES.glob("digits*")) < 400_000


@pytest.mark.parametrize("name", NETWORKS)
def test_no_traces_of_a_machine(name):
    content = (EXAMPLES / f"{name}.onnx").read_bytes()
    for trace in (b"/home", b"/root", b"/tmp", b"/usr", b".py"):
        assert trace not in content


@pytest.mark.parametrize("name", NETWORKS)
def test_size(name):
    macs, parameters, _ = readme_row(name)
    summary = inspect_model(EXAMPLES / f"{name}.onnx")
    assert summary.supported
    assert summary.macs == macs
    # The divisor of the pixels is a constant but was not trained; BatchNormalization also has its
    # statistics, which README.md does not count.
    extra = 1 + sum(n.parameters // 2 for n in summary.nodes if n.op_type == "BatchNormalization")
    assert summary.parameters == parameters + extra


@pytest.mark.parametrize("name", NETWORKS)
def test_float_accuracy(name):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(EXAMPLES / f"{name}.onnx")
    with np.load(EXAMPLES / "digits.npz") as data:
        x, y = data["x"].astype(np.float32), data["y"]
    answers = [session.run(None, {"image": image[None]})[0].argmax() for image in x]
    assert round(100 * float(np.mean(answers == y)), 2) == readme_row(name)[2]


@pytest.mark.slow
def test_training_gives_networks_as_good(tmp_path):
    """Other versions of torch or other processors may round differently, hence the margin."""
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("train_digits", EXAMPLES / "train_digits.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path)
    assert (tmp_path / "digits.npz").read_bytes() == (EXAMPLES / "digits.npz").read_bytes()
    onnxruntime = pytest.importorskip("onnxruntime")
    with np.load(tmp_path / "digits.npz") as data:
        x, y = data["x"].astype(np.float32), data["y"]
    for name in NETWORKS:
        session = onnxruntime.InferenceSession(tmp_path / f"{name}.onnx")
        answers = [session.run(None, {"image": image[None]})[0].argmax() for image in x]
        assert 100 * np.mean(answers == y) > readme_row(name)[2] - 1
