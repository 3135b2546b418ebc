"""Warnings of a build, and builds that do not accept them."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnhw import build
from nnhw.cli import main
from nnhw.errors import QualityError

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"
DATA = EXAMPLES / "digits.npz"


@pytest.fixture
def shuffled(tmp_path) -> Path:
    """The digits with labels that have nothing to do with them."""
    with np.load(DATA) as archive:
        x, y = archive["x"], archive["y"]
    path = tmp_path / "shuffled.npz"
    np.savez(path, x=x[:100], y=np.roll(y[:100], 1))
    return path


def test_a_good_network_is_built_strictly(tmp_path):
    report = build(MODEL, data=DATA, out=tmp_path / "out", macs=16, sim=False, strict=True).report
    assert report.warnings == ()
    assert report.reference.by.startswith("the file itself, run by onnxruntime")
    assert report.reference.compared_samples == 8


def test_warnings_are_errors_if_asked_for(tmp_path, shuffled):
    with pytest.raises(QualityError) as caught:
        build(MODEL, data=shuffled, out=tmp_path / "out", macs=16, sim=False, strict=True)
    message = str(caught.value)
    assert "of 50 labels right" in message
    assert "Are the samples in the range" in message
    assert list(tmp_path.iterdir()) == [shuffled]


def test_an_older_design_stays(tmp_path, shuffled):
    out = tmp_path / "out"
    build(MODEL, data=DATA, out=out, macs=16, sim=False)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(QualityError):
        build(*(MODEL,), data=shuffled, out=out, macs=16, sim=False, strict=True, force=True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("flags", [(), ("--json",), ("--quiet",)])
def test_warnings_come_last_in_the_terminal(tmp_path, shuffled, monkeypatch, capsys, flags):
    command = ["build", str(MODEL), "--data", str(shuffled), "--macs", "16", "--no-sim"]
    monkeypatch.setattr("sys.argv", ["nnhw", *command, "--out", str(tmp_path / "out"), *flags])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    out, err = capsys.readouterr()
    assert "1 WARNING" in err
    assert "of 50 labels right" in err
    if "--json" in flags:
        assert [entry["kind"] for entry in json.loads(out)["warnings"]] == ["reference-scores"]
    assert "of 50 labels right" in (tmp_path / "out" / "report.html").read_text()


def test_strict_in_the_terminal(tmp_path, shuffled, monkeypatch, capsys):
    command = ["build", str(MODEL), "--data", str(shuffled), "--macs", "16", "--strict"]
    monkeypatch.setattr("sys.argv", ["nnhw", *command, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "Error: The design is poor, and the option strict" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
