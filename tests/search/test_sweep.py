"""`nnhw sweep` and `nnhw.sweep`: every design of a grid."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import nnhw
from nnhw.cli import app
from nnhw.errors import OptionError
from nnhw.search.space import read_choices

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"


def samples() -> dict[str, np.ndarray]:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {name: arrays[name][:100] for name in ("x", "y")}


def test_every_design_of_a_grid(tmp_path: Path) -> None:
    vary = {
        "rows": [2, 4],
        "cols": [1, 2],
        "lane_groups": [1, 2],
        "bits": {"/body/body.1/Gemm": [4]},
    }
    table = tmp_path / "t.csv"
    rows = nnhw.sweep(MODEL, vary=vary, data=samples(), out=table, workers=1, equalize="off")
    assert [(row["rows"], row["cols"], row["lane_groups"]) for row in rows] == [
        (rows, cols, groups) for rows in (2, 4) for cols in (1, 2) for groups in (1, 2)
    ]
    refused = [row for row in rows if row["problem"]]
    assert [(row["cols"], row["lane_groups"]) for row in refused] == [(1, 2)] * 2
    assert all("2 lane groups need more than 1" in row["problem"] for row in refused)
    assert {row["command"] for row in refused} == {""}
    fine = [row for row in rows if not row["problem"]]
    cycles = {(row["rows"], row["cols"]): row["latency_cycles_exact"] for row in fine}
    assert cycles[4, 2] < cycles[2, 2] < cycles[2, 1]
    assert "--bits /body/body.1/Gemm=4" in fine[0]["command"]
    with table.open() as file:
        again = list(csv.DictReader(file))
    assert [row["latency_cycles_exact"] for row in again] == [
        str(row["latency_cycles_exact"] or "") for row in rows
    ]


def test_command_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **samples())
    arguments = ["sweep", str(MODEL), "--data", str(tmp_path / "d.npz"), "--workers", "1"]
    arguments += ["--vary", "rows=2", "--vary", "cols=2", "--vary", "stream-bytes=1,1;4,4"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["stream_bytes"] for row in rows] == ["1,1", "4,4"]
    assert int(rows[1]["latency_cycles_exact"]) < int(rows[0]["latency_cycles_exact"])


def test_choices() -> None:
    texts = ["rows=4,8", "trim=true,false", "bits.a=b=2,3", "stream_bytes=1,1;8,4", "fps=1e3"]
    assert read_choices(texts) == {
        "rows": [4, 8],
        "trim": [True, False],
        "bits.a=b": [2, 3],
        "stream_bytes": ["1,1", "8,4"],
        "fps": [1000.0],
    }
    with pytest.raises(OptionError, match="'rows' must be an option and its values, such as rows"):
        read_choices(["rows"])
    with pytest.raises(OptionError, match="Values of rows are there twice"):
        read_choices(["rows=1", "rows=2"])


def test_errors() -> None:
    with pytest.raises(OptionError, match="A sweep needs values to try"):
        nnhw.sweep(MODEL, vary={}, data=samples())
    with pytest.raises(OptionError, match="names 'budget', which is no option of sweep or of"):
        nnhw.sweep(MODEL, vary={"rows": [1]}, data=samples(), budget=3)
