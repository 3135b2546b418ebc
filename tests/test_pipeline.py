"""Builds from model file to verified folder, and what is left behind when they fail."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import nnhw.pipeline.steps
from nnhw import build
from nnhw.errors import DataError, ExportError, OptionError, VerificationError
from nnhw.inference import run_design

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"
DATA = EXAMPLES / "digits.npz"


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def unsimulated(tmp_path_factory):
    """A build without simulation: (result, steps that were announced)."""
    steps = []
    result = build(
        MODEL,
        data=DATA,
        out=tmp_path_factory.mktemp("builds") / "mlp",
        macs=16,
        vectors=2,
        sim=False,
        progress=lambda step, share: steps.append((step, share)),
    )
    return result, steps


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """The same build with simulation."""
    out = tmp_path_factory.mktemp("builds") / "mlp"
    return build(MODEL, data=DATA, out=out, macs=16, vectors=2)


def test_steps_in_order(unsimulated):
    _, steps = unsimulated
    assert steps == [
        ("Read the model", 0),
        ("Read the data", 0),
        ("Run the model file", 0),
        ("Simplify", 0),
        ("Quantize", 0),
        ("Leave out constant channels", 0),
        ("Measure accuracy", 0),
        ("Map to an array", 0),
        ("Export Verilog", 0),
        ("Estimate what it takes", 0),
        ("Report", 0),
    ]


def test_folder_holds_what_the_report_lists(unsimulated):
    result, _ = unsimulated
    assert sorted(digests(result.folder)) == list(result.report.files)
    for name in ("manifest.json", "golden.npz", "model.qdq.onnx", "rtl/digits_mlp.v", "sim/run.py"):
        assert name in result.report.files
    assert json.loads((result.folder / "report.json").read_text()) == json.loads(
        result.report.to_json()
    )
    assert "digits_mlp" in (result.folder / "report.html").read_text()


def test_report_agrees_with_the_manifest(unsimulated):
    result, _ = unsimulated
    manifest = json.loads((result.folder / "manifest.json").read_text())
    report = result.report
    assert report.source.model_sha256 == hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert report.macs == 64 * 48 + 48 * 32 + 32 * 10
    for name in ("name", "macs", "rows", "cols", "mac_units", "latency_cycles", "interval_cycles"):
        assert manifest[name] == getattr(report, name), name
    assert report.verification is None


def test_accuracy(unsimulated):
    result, _ = unsimulated
    accuracy = result.report.accuracy
    assert accuracy.samples == 597
    assert accuracy.held_out
    assert accuracy.float_top1 > 98
    assert accuracy.integer_top1 >= accuracy.float_top1 - 0.3
    assert accuracy.sqnr_db > 25


def test_two_builds_are_identical(unsimulated, tmp_path):
    result, _ = unsimulated
    build(MODEL, data=DATA, out=tmp_path / "again", macs=16, vectors=2, sim=False)
    assert digests(tmp_path / "again") == digests(result.folder)


def test_simulation_passes(simulated):
    verification = simulated.report.verification
    assert verification.passed
    assert verification.frames == 5  # two real ones, three corner cases
    assert verification.latency_cycles == simulated.report.latency_cycles
    assert verification.interval_cycles == simulated.report.interval_cycles


def test_simulation_leaves_only_the_design(simulated, unsimulated):
    same = digests(simulated.folder)
    other = digests(unsimulated[0].folder)
    for name in ("report.json", "report.html", "datasheet.html"):  # they tell of the simulation
        assert same.pop(name) != other.pop(name)
    assert same == other


def test_golden_model_of_the_export(unsimulated, tmp_path):
    result, _ = unsimulated
    inference = run_design(result.folder, DATA)
    (outputs,) = inference.outputs.values()
    assert outputs.shape == (797, 10)
    assert inference.samples == 797
    labels = np.load(DATA)["y"]
    assert inference.top1 == pytest.approx(100 * np.mean(outputs.argmax(1) == labels))
    inference.save(tmp_path / "y.npz")
    np.testing.assert_array_equal(np.load(tmp_path / "y.npz")["y"], outputs)


def test_golden_model_of_no_design(tmp_path):
    with pytest.raises(
        ExportError, match=r"manifest\.json' is missing: '.*' is not an exported design"
    ):
        run_design(tmp_path, DATA)


def test_wrong_hardware_is_found_and_kept(monkeypatch, tmp_path):
    """One wrong bit in the golden bytes of the second layer stands for one in the hardware."""
    right = nnhw.pipeline.steps.make_vectors

    def wrong(*args, **beats):
        vectors = right(*args, **beats)
        layers = [layer.copy() for layer in vectors.layers]
        layers[1][0, 17] ^= 1
        return dataclasses.replace(vectors, layers=tuple(layers))

    monkeypatch.setattr(nnhw.pipeline.steps, "make_vectors", wrong)
    out = tmp_path / "mlp"
    with pytest.raises(VerificationError, match="differs from the golden model") as caught:
        build(MODEL, data=DATA, out=out, macs=16, vectors=1)
    message = str(caught.value)
    assert "/body/body.3/Gemm" in message
    assert [path.name for path in tmp_path.iterdir()] == ["mlp.failed"]
    named = [Path(line.strip()) for line in message.splitlines() if str(tmp_path) in line]
    assert named
    assert all(path.exists() for path in named)
    report = json.loads((tmp_path / "mlp.failed" / "report.json").read_text())
    assert report["verification"]["passed"] is False


def test_default_folder_and_force(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    options = {"data": DATA, "macs": 16, "vectors": 1, "sim": False}
    assert build(MODEL, **options).folder == Path("rtl_out/digits_mlp")
    with pytest.raises(ExportError, match="already exists"):
        build(MODEL, **options)
    build(MODEL, **options, weight_bits=4, force=True)
    assert "weight_bits" in (tmp_path / "rtl_out/digits_mlp/report.json").read_text()


def test_without_data(tmp_path):
    message = r"give --data FILE\.npz .* 'x' of shape \(N, 1, 8, 8\).* takes as 'image'.*savez"
    with pytest.raises(DataError, match=message):
        build(MODEL, out=tmp_path / "mlp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 4}, "Option rows needs cols too"),
        ({"cols": 4}, "Option cols needs rows too"),
        ({"rows": 4, "cols": 4, "macs": 16}, "drop macs"),
        ({"rows": 0, "cols": 4}, "Option rows must be an integer of at least 1, not 0"),
        ({"macs": 0}, "Option macs must be an integer of at least 1, not 0"),
        ({"vectors": 0}, "Option vectors must be an integer of at least 1, not 0"),
        ({"simulator": "vcs"}, "must be one of verilator, icarus, not 'vcs'"),
    ],
)
def test_wrong_options(tmp_path, options, message):
    with pytest.raises(OptionError, match=message):
        build(MODEL, data=DATA, out=tmp_path / "mlp", **options)
    assert list(tmp_path.iterdir()) == []


def test_interrupted(monkeypatch, tmp_path):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(nnhw.pipeline.steps, "run_regression", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(MODEL, data=DATA, out=tmp_path / "mlp", macs=16, vectors=1)
    assert list(tmp_path.iterdir()) == []


def test_without_labels(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.load(DATA)["x"][:30])
    result = build(
        MODEL, data=tmp_path / "x.npz", out=tmp_path / "mlp", macs=16, vectors=1, sim=False
    )
    accuracy = result.report.accuracy
    assert accuracy.float_top1 is None
    assert accuracy.integer_top1 is None
    assert accuracy.agreement > 80
    assert accuracy.sqnr_db > 20
