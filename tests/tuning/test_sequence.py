"""From a float network to two products a multiplier: the sequence of docs/tuning.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from nnhw.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGE = Path(__file__).parents[2] / "docs" / "tuning.md"


def commands(folder: Path) -> list[list[str]]:
    """The commands of the page's section, with files in a folder, and nothing else changed."""
    section = PAGE.read_text(encoding="utf-8").split("## From a network to packed multipliers")[1]
    shown = section.split("\n##")[0].splitlines()
    lines = [line.split()[1:] for line in shown if line.startswith("$ nnhw ")]
    places = {"examples/digits_cnn.onnx": str(EXAMPLES / "digits_cnn.onnx")}
    places |= {name: str(folder / name) for name in ("train.npz", "test.npz", "tuned.onnx")}
    places |= {"rtl_out/tuned": str(folder / "rtl_out")}
    return [[places.get(word, word) for word in line[1:]] for line in lines]


def test_from_a_float_network_to_packed_multipliers(tmp_path: Path) -> None:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        for name, part in (("train", 0), ("test", 1)):
            np.savez(tmp_path / f"{name}.npz", **{key: arrays[key][part::2] for key in arrays})
    tune, build = commands(tmp_path)
    assert (tune[0], build[0]) == ("tune", "build")
    tuned = CliRunner().invoke(app, [*tune, "--threads", "1", "--json"])
    assert tuned.exit_code == 0, tuned.output
    assert json.loads(tuned.stdout)["samples"] == {
        "train": 359,
        "calibration": 179,
        "validation": 40,
    }
    built = CliRunner().invoke(app, [*build, "--json"])
    assert built.exit_code == 0, built.output
    report = json.loads(built.stdout)
    assert report["verification"]["passed"]
    assert report["accuracy"]["integer_top1"] > 98
    (verilog,) = (tmp_path / "rtl_out" / "rtl").glob("*.v")
    assert "MULT18X18D" in verilog.read_text(encoding="utf-8")
    macs = report["rows"] * report["cols"]
    assert report["device"]["multipliers"] < macs
