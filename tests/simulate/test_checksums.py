"""The testbench takes no part of a design that has changed, and says what Verilog has."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from standin import write_standin

from nnhw.errors import ExportError
from nnhw.simulate import run_regression


@pytest.fixture
def design(tmp_path):
    return write_standin(tmp_path / "standin")


def run_script(design, *arguments):
    """What the design's own run.py writes with --json."""
    answer = design.parent / "answer.json"
    command = [sys.executable, design / "sim" / "run.py", *arguments, "--json", answer]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    return json.loads(answer.read_text())


@pytest.mark.parametrize(
    "name", ["sim/vectors.npz", "sim/tb.v", "sim/segments.py", "manifest.json"]
)
def test_changed_file_is_named(design, name):
    with (design / name).open("a") as file:
        file.write("\n")
    message = f"{name}' has changed since the design was built"
    with pytest.raises(ExportError, match=message):
        run_regression(design)
    result = run_script(design)
    assert result["error"] == "design"
    assert message in result["message"]


def test_missing_checksums(design):
    (design / "SHA256SUMS").unlink()
    assert "SHA256SUMS' cannot be read" in run_script(design)["message"]


def test_edited_verilog_is_simulated(design):
    source = design / "rtl" / "standin.v"
    source.write_text(source.read_text() + "// edited\n")
    result = run_regression(design, vectors=1)
    assert result.passed
    assert result.edited == ("rtl/standin.v",)
    assert run_script(design, "--vectors", "1")["edited"] == ["rtl/standin.v"]


@pytest.mark.parametrize(
    "entries",
    [
        {"top": "standin; $(touch X)"},
        {"sources": ["../standin.v"]},
        {"sources": ["/etc/passwd"]},
        {"cell_models": ['a";touch X;".v']},
        {"layers": 3},
    ],
)
def test_script_checks_names_and_paths(tmp_path, testbench, entries):
    design = testbench("design")
    folder = write_standin(tmp_path / "standin")
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    with pytest.raises(design.DesignError, match=r"manifest\.json' "):
        design.load_design(folder)
