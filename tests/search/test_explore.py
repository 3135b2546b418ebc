"""`nnhw explore` and `nnhw.explore`: from a network and samples to a table of designs."""

from __future__ import annotations

import csv
import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna")

from typer.testing import CliRunner

import nnhw
from nnhw.cli import app
from nnhw.errors import DataError, OptionError, ToolError
from nnhw.search import extras

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"
SPACE = {"rows": [2, 4], "cols": [2, 4], "weight_bits": [3, 8], "requantizers": [1, 2]}


def samples(count: int = 260, *, labels: bool = True) -> dict[str, np.ndarray]:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {name: arrays[name][:count] for name in (("x", "y") if labels else ("x",))}


def explore(out: Path, **settings: Any) -> nnhw.ExploreResult:
    chosen = {"space": SPACE, "sampler": "grid", "budget": 16, "workers": 1, **settings}
    return nnhw.explore(MODEL, **{"data": samples(), "out": out, **chosen})


def test_every_trial_is_the_design_of_a_build(tmp_path: Path) -> None:
    result = explore(tmp_path / "out", constraint=["latency<=6"])
    assert len(result.trials) == 16
    table = result.to_dataframe()
    assert len(table) == 16
    assert table[table.front].feasible.all()
    assert set(table[table.latency_exact > 6].feasible) == {False}
    assert (table.problem[~table.feasible] == "not latency<=6").all()
    for number in (0, int(table[table.front].trial.iloc[0])):
        row = table[table.trial == number].iloc[0]
        options = result.options(result.trials[number])
        built = nnhw.build(MODEL, data=samples(), config=options, stop="map").state
        assert row.latency_cycles_exact == built.placement.cycles.latency_cycles
        assert row.interval_cycles_exact == built.placement.cycles.interval_cycles
        assert row.memory_bits_exact == sum(built.placement.program.machine.memory_bits().values())
        assert row.accuracy_measured == built.quality.accuracy.integer_top1
        assert row.sqnr_measured == built.quality.accuracy.sqnr_db
        assert built.placement.engine.lanes == row.requantizers
    with (tmp_path / "out" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["command"] for row in rows] == list(table.command)
    assert result.baseline_value("multipliers") == 128


def test_the_command_of_a_trial_builds_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **samples())
    result = explore(tmp_path / "out", data=tmp_path / "d.npz", budget=4)
    command = shlex.split(result.command(result.trials[-1]))
    assert command[:5] == ["nnhw", "build", str(MODEL), "--data", str(tmp_path / "d.npz")]
    assert "--requantizers" in command
    folder = tmp_path / "built"
    done = CliRunner().invoke(app, [*command[1:], "--no-sim", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    report = json.loads((folder / "report.json").read_text())
    assert report["source"]["options"] == {
        **json.loads(json.dumps(result.options(result.trials[-1]).to_dict())),
        "sim": False,
    }
    assert result.table[-1]["latency_cycles_exact"] == report["latency_cycles"]


def test_processes_find_what_one_does(tmp_path: Path) -> None:
    alone = explore(tmp_path / "a", budget=6)
    several = explore(tmp_path / "b", budget=6, workers=2)

    def known(result: nnhw.ExploreResult) -> set[str]:
        return {str((trial.point, trial.outcome.figures)) for trial in result.trials}

    assert known(alone) == known(several)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from test_explore import explore
def progress(step, share):
    if step == "Explore" and share >= 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
explore(Path(sys.argv[1]), sampler="random", progress=progress)
"""


def test_a_search_that_was_killed_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "out")]
    killed = subprocess.run(command, cwd=Path(__file__).parent, check=False)
    assert killed.returncode == -signal.SIGKILL
    shares: list[float] = []

    def progress(step: str, share: float) -> None:
        if step == "Explore":
            shares.append(share)

    result = explore(tmp_path / "out", sampler="random", progress=progress)
    assert shares[0] >= 0.5
    assert len(shares) <= 1 + 16 * (1 - shares[0])
    whole = explore(tmp_path / "whole", sampler="random")
    assert [trial.point for trial in result.trials] == [trial.point for trial in whole.trials]
    assert [trial.values for trial in result.trials] == [trial.values for trial in whole.trials]


def test_noise_stands_in_for_accuracy_without_labels(tmp_path: Path) -> None:
    result = explore(
        tmp_path / "out",
        data=samples(labels=False),
        budget=2,
        objective="latency, accuracy",
        constraint="accuracy_drop<=5",
    )
    assert [figure.name for figure in result.objectives] == ["latency", "sqnr"]
    assert [str(constraint) for constraint in result.goal.constraints] == ["disagreement<=5"]
    (remark,) = result.remarks
    assert remark.startswith("There are no labels of classes to measure with")


def test_a_network_that_is_quantized_keeps_its_numbers(tmp_path: Path) -> None:
    built = nnhw.build(MODEL, data=samples(), out=tmp_path / "d", sim=False, macs=4)
    assert built.folder is not None
    result = nnhw.explore(
        built.folder / "model.qdq.onnx", data=samples(), out=tmp_path / "out", budget=2, workers=1
    )
    searched = result.goal.space.to_dict()
    for name in ("weight_bits", "act_bits", "calibration", "equalize", "power_of_two"):
        assert len(searched.get(name, [0])) == 1, name
    assert len(searched["rows"]) > 1
    assert {trial.outcome.refusal for trial in result.trials} == {""}


def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="names 'budgt', which is no option of exploring or of"):
        explore(tmp_path, budgt=3)
    with pytest.raises(OptionError, match="Option sampler must be one of grid, random, tpe"):
        explore(tmp_path, sampler="annealing")
    with pytest.raises(OptionError, match="workers is for processes on this machine"):
        explore(tmp_path, workers=2, scheduler="tcp://x:1")
    with pytest.raises(OptionError, match=r"all designs have in common there is none: .*columns"):
        explore(tmp_path, macs=2, lane_groups=4, space={"weight_bits": [4, 8]})
    with pytest.raises(DataError, match="Quantization needs samples"):
        explore(tmp_path, data=None)
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ToolError,
        match=r"optuna and plotly and matplotlib are missing; .*pip install 'nnhw\[explore\]'",
    ):
        explore(tmp_path)


def test_command_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **samples())
    (tmp_path / "e.toml").write_text(
        "budget = 3\nworkers = 1\nclock_mhz = 50\n[space]\nrows = [2, 4]\ncols = [4]\n"
    )
    arguments = ["explore", str(MODEL), "--data", str(tmp_path / "d.npz")]
    arguments += ["--config", str(tmp_path / "e.toml"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*arguments, "--objective", "latency", "--weight-bits", "8"])
    assert done.exit_code == 0, done.output
    assert "3 trials: 0 cannot be built, 0 miss a constraint, 3 do not" in done.output
    assert "--rows 4 --cols 4 --clock-mhz 50" in done.output
    done = CliRunner().invoke(
        app, [*arguments, "--objective", "latency", "--weight-bits", "8", "--json"]
    )
    result = json.loads(done.stdout)
    assert (result["trials"], len(result["front"])) == (3, 1)
    assert result["search"]["space"] == {"rows": [2, 4], "cols": [4]}
    refused = CliRunner().invoke(app, [*arguments, "--weight-bits", "4"])
    assert refused.exit_code == 1
    assert "is of another search" in str(refused.exception)
