"""`inspect` says what `build` says, and all of it at once."""

from pathlib import Path

import numpy as np
import pytest
from onnx_models import model, node, normal, save
from quantized_models import Qdq

from nnhw import build
from nnhw.errors import NnhwError
from nnhw.inspection import inspect_model


def problems(path, **options) -> list[str]:
    return list(inspect_model(path, **options).problems)


def refusal(path, folder, **options) -> str:
    with pytest.raises(NnhwError) as caught:
        build(path, out=folder / "out", sim=False, **options)
    assert not (folder / "out").exists()
    return str(caught.value)


@pytest.fixture
def small(tmp_path) -> Path:
    nodes = [node("MatMul", "x w", "h"), node("Relu", "h")]
    return save(model(nodes, (1, 6), {"w": normal(6, 4)}), tmp_path)


def test_a_model_that_can_be_built(small):
    summary = inspect_model(small, macs=4)
    assert summary.supported
    assert summary.tried_with == "random samples"
    assert summary.to_json()["notes"] == []


def test_with_data(small, tmp_path):
    np.savez(tmp_path / "x.npz", x=normal(20, 6))
    assert inspect_model(small, data=tmp_path / "x.npz").tried_with == "data"


def test_data_that_do_not_fit(small, tmp_path):
    np.savez(tmp_path / "x.npz", x=normal(20, 7))
    (line,) = problems(small, data=tmp_path / "x.npz")
    assert line == refusal(small, tmp_path, data=tmp_path / "x.npz")


def test_an_array_that_is_too_large(small, tmp_path):
    np.savez(tmp_path / "x.npz", x=normal(20, 6))
    (line,) = problems(small, rows=1 << 20, cols=1 << 20)
    assert line == refusal(small, tmp_path, data=tmp_path / "x.npz", rows=1 << 20, cols=1 << 20)


def test_a_layer_that_is_not_there(small, tmp_path):
    np.savez(tmp_path / "x.npz", x=normal(20, 6))
    (line,) = problems(small, bits={"nowhere": 4})
    assert line == refusal(small, tmp_path, data=tmp_path / "x.npz", bits={"nowhere": 4})


def test_what_quantization_refuses_beside_what_cannot_be_read(tmp_path):
    """Two convolutions whose bias is too large, and an unknown operator that one of them reads."""
    b = Qdq((1, 3, 6, 6))

    def conv(value: str, scale: float) -> str:
        bias = b.constant(np.full(3, 9.0, np.float32))
        weights = b.weights((3, 3, 1, 1), scale=scale)
        return b.qdq(b.node("Conv", [value, weights, bias]), 0.1)

    first = conv(b.qdq("x", 0.02), 1e-8)
    odd = b.qdq(b.node("Hardmax", [conv(first, 0.01)]), 0.05)
    conv(conv(odd, 0.01), 1e-8)
    b.nodes[-1].output[0] = "y"
    path = save(b.model(), tmp_path)
    unknown, *biases = problems(path)
    assert "the operator is not supported" in unknown
    assert len(biases) == 2
    names = [node.name for node in b.nodes if node.op_type == "Conv"]
    for name, line in zip((names[0], names[3]), biases, strict=True):
        assert line.startswith(f"Node '{name}': its bias would be")
    refused = [node.name for node in inspect_model(path).nodes if not node.supported]
    assert names[0] in refused
    assert names[3] in refused


def partly_quantized(folder) -> Path:
    """An operator that is not rounded, and one whose weights are not."""
    b = Qdq((1, 3, 6, 6))
    first = b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 3, 1, 1))])
    second = b.qdq(b.node("Mul", [first, b.node("Sigmoid", [first])]), 0.01)
    last = b.node("Conv", [second, b.constant(normal(4, 4, 1, 1))])
    b.qdq(last, 0.1, 0, "int8", "y")
    return save(b.model(), folder)


def test_what_a_quantized_model_leaves_open(tmp_path):
    """It is calibrated, if there are data; what is missing is listed at once, by its nodes."""
    path = partly_quantized(tmp_path)
    assert problems(path) == []
    assert inspect_model(path).tried_with == "random samples"
    asked = refusal(path, tmp_path)
    assert asked.startswith("Quantization needs samples to calibrate with: give --data")
    assert asked.count("its result is not quantized") == 1
    assert asked.count("its weights are not") == 1
    assert asked.count("Node 'the_conv") == 2
    (line,) = problems(path, power_of_two=True)
    assert line.startswith("The model is already quantized")


def test_memory_that_no_device_has(tmp_path):
    """1 M weights are a mebibyte, of which the largest Artix-7 has 594 KiB; 300 k fit."""
    for size, technology, devices in (
        (1024, "portable", ["xc7a100t"]),
        (560, "portable", []),
        (560, "ice40", ["ice40up5k"]),
    ):
        path = save(model([node("MatMul", "x w")], (1, size), {"w": normal(size, size)}), tmp_path)
        summary = inspect_model(path, macs=64, technology=technology)
        assert summary.supported
        large = [note for note in summary.notes if note.startswith("Weights, activations")]
        assert len(large) == len(devices)
        assert all(device in note for device, note in zip(devices, large, strict=True))


def test_nodes_are_those_of_the_file(tmp_path):
    """A division is a reciprocal and a product; what is said of either is said of the division."""
    b = Qdq((1, 3, 6, 6))
    x = b.qdq("x", 0.02)
    b.qdq(b.node("Div", [x, b.qdq(b.node("Exp", [x]), 0.05)]), 0.1, 0, "int8", "y")
    asked = refusal(save(b.model(), tmp_path), tmp_path)
    (line,) = (line for line in asked.splitlines() if "its result is not quantized" in line)
    assert "Node 'the_div" in line
    assert "_reciprocal" not in line


def test_what_depends_on_the_samples_is_a_note(tmp_path):
    path = save(model([node("Log", "x", "l"), node("Neg", "l")], (1, 6)), tmp_path)
    summary = inspect_model(path)
    assert summary.supported
    (note,) = summary.notes
    assert note.startswith("With random samples: Node 'the_log_l' (Log) has no finite result")
    np.savez(tmp_path / "x.npz", x=-np.ones((20, 6), np.float32))
    (line,) = problems(path, data=tmp_path / "x.npz")
    assert line == refusal(path, tmp_path, data=tmp_path / "x.npz")
