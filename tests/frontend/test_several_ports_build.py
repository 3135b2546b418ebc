"""A whole build of a network with several inputs and outputs, simulated by Verilator."""

from __future__ import annotations

import json

import numpy as np
import pytest
from onnx_models import node, normal, save
from port_models import HEAD_CONSTANTS, HEADS, IMAGE, SHARED, PortCase
from qdq_reference import run_onnxruntime

from nnhw import build, run_design
from nnhw.inference import Inference

CASE = PortCase(
    nodes=[
        *(SHARED, *HEADS[:3]),
        *(node("Concat", "q n", "j", axis=1), node("Gemm", "j k", "c", transB=1)),
        node("Softmax", "c", "scores", axis=1),
    ],
    inputs={"n": (1, 3), "x": IMAGE},
    outputs=["scores", "b", "f"],
    constants={**HEAD_CONSTANTS, "k": normal(5, 7, seed=4)},
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Result of the build, and the file of its data."""
    folder = tmp_path_factory.mktemp("ports")
    data = folder / "data.npz"
    np.savez(data, y=np.arange(30) % 5, **CASE.data(30))
    model = save(CASE.model(), folder)
    result = build(model, data=data, out=folder / "out", rows=4, cols=3, vectors=2)
    return result, data


def test_simulation_passes(made):
    report = made[0].report
    assert report.verification is not None
    assert report.verification.passed
    assert report.verification.latency_cycles == report.latency_cycles
    assert [line.split(":")[0] for line in report.inputs] == ["n", "x"]
    assert [line.split(":")[0] for line in report.outputs] == ["c", "b", "f"]
    assert report.host_postprocess == ("c: Softmax(axis=1)",)


def test_accuracy_is_told_of_every_output(made):
    accuracy = made[0].report.accuracy
    assert accuracy.float_top1 is not None
    assert accuracy.sqnr_db > 15
    assert list(accuracy.further_sqnr_db) == ["b", "f"]
    assert min(accuracy.further_sqnr_db.values()) > 25


def test_manifest_tells_where_tensors_lie(made):
    manifest = json.loads((made[0].folder / "manifest.json").read_text())
    places = ("name", "offset", "bytes", "beats")
    found = {
        side: [tuple(entry[key] for key in places) for entry in manifest[side]]
        for side in ("inputs", "outputs")
    }
    beat = manifest["input"]["stream_bytes"]
    assert beat == manifest["output"]["stream_bytes"] == 4
    assert found == {
        "inputs": [("n", 0, 3, 1), ("x", 4, 36, 9)],
        "outputs": [("c", 0, 5, 2), ("b", 8, 24, 6), ("f", 32, 48, 12)],
    }
    assert manifest["input"]["name"] == "n"
    assert manifest["input"]["frame_bytes"] == 40
    assert manifest["output"]["frame_bytes"] == 80
    assert [entry["host_postprocess"] for entry in manifest["outputs"]] == [
        ["Softmax(axis=1)"],
        [],
        [],
    ]


def test_golden_model_of_the_export_equals_onnxruntime(made, tmp_path):
    result, data = made
    inference = run_design(result.folder, data)
    assert inference.samples == 30
    inference.save(tmp_path / "y.npz")
    names = ["c", "b", "f"]
    with np.load(data) as arrays:
        inputs = {name: arrays[name].astype(np.float32) for name in ("n", "x")}
    expected = run_onnxruntime(result.folder / "model.qdq.onnx", inputs, names)
    with np.load(tmp_path / "y.npz") as saved:
        assert list(saved) == names
        for name, wanted in zip(names, expected, strict=True):
            np.testing.assert_array_equal(saved[name], inference.outputs[name])
            different = ~np.isclose(saved[name], wanted, rtol=1e-6, atol=1e-6)
            assert np.count_nonzero(different) <= 0.01 * wanted.size


def test_listing_tells_what_frames_are_made_of(made):
    listing = (made[0].folder / "program.txt").read_text()
    assert "Input frame, 10 beats of 4 bytes\n  byte 0: n (1, 1, 3), 3 bytes\n" in listing
    assert "  byte 32: f (3, 4, 4), 48 bytes\n" in listing


def test_outputs_of_any_name_are_saved(tmp_path):
    """Names that numpy.savez has as parameters of its own."""
    outputs = {"file": np.ones((2, 3)), "allow_pickle": np.zeros((2, 1))}
    Inference(outputs=outputs, samples=2, top1=None).save(tmp_path / "y.npz")
    with np.load(tmp_path / "y.npz") as saved:
        assert list(saved) == ["file", "allow_pickle"]
        np.testing.assert_array_equal(saved["file"], outputs["file"])
