"""`nnhw explore` and `nnhw.explore`: from a network and samples to a table of designs."""

from __future__ import annotations

import csv
import html
import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna")

from typer.testing import CliRunner

import nnhw
from nnhw.cli import app
from nnhw.errors import DataError, OptionError, ToolError
from nnhw.estimates import Estimator, estimate_energy, estimate_parts
from nnhw.families import TARGETS, Resource
from nnhw.frontend import write_qdq
from nnhw.hdl import repeated_components
from nnhw.search import extras, run
from nnhw.search.figures import Kind
from nnhw.search.goal import Trial

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"
SPACE = {"rows": [2, 4], "cols": [2, 4], "weight_bits": [3, 8], "requantizers": [1, 2]}


def samples(count: int = 260, *, labels: bool = True) -> dict[str, np.ndarray]:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {name: arrays[name][:count] for name in (("x", "y") if labels else ("x",))}


def explore(out: Path, **settings: Any) -> nnhw.ExploreResult:
    chosen = {
        **{"space": SPACE, "sampler": "grid", "budget": 16, "workers": 1, "macs": 8},
        **{"study": out.with_suffix(".journal"), "data": samples(), "out": out},
        **settings,
    }
    return nnhw.explore(MODEL, **chosen)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> nnhw.ExploreResult:
    """A whole grid."""
    folder = tmp_path_factory.mktemp("explore")
    np.savez(folder / "d.npz", **samples())
    return explore(folder / "out", data=folder / "d.npz", constraint=["latency<=6"])


def test_every_trial_is_the_design_of_a_build(found: nnhw.ExploreResult) -> None:
    assert len(found.trials) == 16
    table = found.to_dataframe()
    assert len(table) == 16
    assert table[table.front].feasible.all()
    assert set(table[table.latency_exact > 6].feasible) == {False}
    assert (table.problem[~table.feasible] == "not latency<=6").all()
    number = int(table[table.front].trial.iloc[0])
    row = table[table.trial == number].iloc[0]
    options = found.options(found.trials[number])
    built = nnhw.build(MODEL, data=samples(), config=options, stop="map").state
    assert row.latency_cycles_exact == built.placement.cycles.latency_cycles
    assert row.interval_cycles_exact == built.placement.cycles.interval_cycles
    assert row.memory_bits_exact == sum(built.placement.program.machine.memory_bits().values())
    assert row.energy_estimated == estimate_energy(built.placement.program).likely_nj / 1000
    assert row.accuracy_measured == built.quality.accuracy.integer_top1
    assert row.sqnr_measured == built.quality.accuracy.sqnr_db
    assert built.placement.engine.lanes == row.requantizers
    assert found.baseline_value("multipliers") == 8


def test_what_is_written(found: nnhw.ExploreResult) -> None:
    assert found.folder is not None
    with (found.folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["command"] for row in rows] == [row["command"] for row in found.table]
    page = (found.folder / "explore.html").read_text(encoding="utf-8")
    assert "16, of 16 designs there are" in page
    for title in ("Pareto front", "Parallel coordinates"):
        assert f">{title}</h2>" in page
    assert ">What matters</h2>" not in page  # of so few trials
    assert all(html.escape(found.command(trial)) in page for trial in found.front)
    assert not re.search(r"<(script|link|img)[^>]* (src|href)=", page)
    assert (found.folder / "explore.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_command_of_a_trial_builds_it(found: nnhw.ExploreResult, tmp_path: Path) -> None:
    trial = found.trials[-1]
    command = shlex.split(found.command(trial))
    assert command[:4] == ["nnhw", "build", str(MODEL), "--data"]
    assert "--requantizers" in command
    folder = tmp_path / "built"
    done = CliRunner().invoke(app, [*command[1:], "--no-sim", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    report = json.loads((folder / "report.json").read_text())
    options = json.loads(json.dumps(found.options(trial).to_dict()))
    assert report["source"]["options"] == {**options, "sim": False}
    assert found.table[-1]["latency_cycles_exact"] == report["latency_cycles"]


def known(trials: Iterable[Trial]) -> set[str]:
    return {json.dumps([trial.point, trial.outcome.figures], sort_keys=True) for trial in trials}


@pytest.mark.slow
def test_processes_find_what_one_does(found: nnhw.ExploreResult, tmp_path: Path) -> None:
    several = explore(tmp_path / "b", workers=2, constraint=["latency<=6"])
    assert known(several.trials) == known(found.trials)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from test_explore import explore
def progress(step, share):
    if step == "Explore" and share >= 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
explore(Path(sys.argv[1]), progress=progress, constraint=["latency<=6"])
"""


def test_a_search_that_was_killed_goes_on(found: nnhw.ExploreResult, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "out")]
    killed = subprocess.run(command, cwd=Path(__file__).parent, check=False)
    assert killed.returncode == -signal.SIGKILL
    shares: list[float] = []

    def progress(step: str, share: float) -> None:
        if step == "Explore":
            shares.append(share)

    result = explore(tmp_path / "out", progress=progress, constraint=["latency<=6"])
    assert shares == [place / 16 for place in range(8, 17)]
    assert known(result.trials) == known(found.trials)


def test_what_a_device_has_is_a_constraint(tmp_path: Path) -> None:
    """Designs that miss another one are not even estimated."""
    result = explore(
        tmp_path / "out",
        target="ice40up5k",
        space={"rows": [1, 2], "cols": [1, 2]},
        constraint="latency_cycles<=2500",
        objective="latency,luts",
    )
    table = result.to_dataframe().set_index(["rows", "cols"])
    assert [str(constraint) for constraint in result.goal.constraints][1:] == [
        *("luts<=4224", "flip_flops<=4224", "dsps<=8"),
        *(f"block_rams<={TARGETS['ice40up5k'].capacity[Resource.BLOCK_RAMS]}",),
    ]
    slow = table[table.latency_cycles_exact > 2500]
    assert 0 < len(slow) < 4
    assert slow.luts_estimated.isna().all()
    others = table[table.latency_cycles_exact <= 2500]
    assert (others.luts_estimated > 100).all()
    assert not others[others.luts_estimated > 4224].feasible.any()


def test_designs_whose_parts_are_too_large_are_not_estimated(tmp_path: Path) -> None:
    result = explore(
        tmp_path / "out",
        **{"target": "ice40up5k", "macs": 1, "weight_bits": 4, "objective": "luts"},
        space={"rows": [1, 24], "cols": [16]},
    )
    table = result.to_dataframe().set_index("rows")
    assert table.luts_least[24] > 4224 >= table.luts_estimated[1]
    assert table.luts_estimated.isna()[24]
    assert table.luts_least.isna()[1]
    assert table.problem[24].startswith("not luts<=4224, flip_flops<=")


@pytest.mark.parametrize("weight_bits", [4, 8])
def test_parts_are_less_than_the_whole(weight_bits: int) -> None:
    """With multipliers that two columns share, and without."""
    options = nnhw.BuildOptions(
        target="ecp5-25k", rows=4, cols=12, requantizers=2, weight_bits=weight_bits
    )
    placement = nnhw.build(MODEL, data=samples(), config=options, stop="map").state.placement
    whole = Estimator().estimate(placement.program, "ecp5-25k", shell=placement.shell)
    least = estimate_parts(placement.program, TARGETS["ecp5-25k"], repeated_components)
    for resource in (Resource.LUTS, Resource.FLIP_FLOPS):
        part = least.used(resource)
        assert 0.3 * whole.used(resource) < part < whole.used(resource), resource


def test_estimates_are_those_of_builds_with_all_that_is_around_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made once of designs that are alike, and not again when a search goes on."""
    made = []

    def estimate(self, program, *rest, **named):
        made.append(program.config.mac_units)
        return usual(self, program, *rest, **named)

    usual = Estimator.estimate
    monkeypatch.setattr(Estimator, "estimate", estimate)
    settings: dict[str, Any] = {
        **{"target": "ice40up5k", "bus": "apb", "bus_errors": True, "tag_bits": 3},
        **{"macs": 1, "weight_bits": 4, "objective": "luts"},
        "space": {"rows": [1], "cols": [1], "clock_mhz": [50, 100]},
    }
    first = explore(tmp_path / "out", **settings)
    assert made == [1, 1]  # the baseline, and one for both trials
    again = explore(tmp_path / "out", **settings)
    assert made == [1, 1]
    assert known(again.trials) == known(first.trials)
    assert again.baseline.figures == first.baseline.figures
    trial = first.trials[0]
    for words in ("--bus apb --bus-errors", "--tag-bits 3", "--rows 1 --cols 1"):
        assert words in first.command(trial)
    assert "--macs" not in first.command(trial)
    options = first.options(trial).replace(sim=False)
    built = nnhw.build(MODEL, data=samples(), config=options, out=tmp_path / "built")
    (report,) = built.report.estimates
    assert trial.outcome.figures[Kind.ESTIMATED]["luts"] == report.luts
    assert trial.outcome.figures[Kind.ESTIMATED]["flip_flops"] == report.flip_flops


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
    built = nnhw.build(MODEL, data=samples(), stop="quantize")
    write_qdq(built.state.whole, tmp_path / "model.qdq.onnx")
    result = nnhw.explore(
        tmp_path / "model.qdq.onnx",
        data=samples(),
        out=tmp_path / "out",
        budget=2,
        workers=1,
        macs=4,
    )
    searched = result.goal.space.to_dict()
    for name in ("weight_bits", "act_bits", "calibration", "equalize", "power_of_two"):
        assert len(searched.get(name, [0])) == 1, name
    assert len(searched["requantizers"]) > 1
    assert {trial.outcome.refusal for trial in result.trials} == {""}


def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="names 'budgt', which is no option of explore or of"):
        explore(tmp_path, budgt=3)
    with pytest.raises(OptionError, match="Option sampler must be one of grid, random, tpe"):
        explore(tmp_path, sampler="annealing")
    with pytest.raises(OptionError, match="workers is for processes on this machine"):
        explore(tmp_path, workers=2, scheduler="tcp://x:1")
    with pytest.raises(OptionError, match=r"all designs have in common there is none: .*columns"):
        explore(tmp_path, macs=2, lane_groups=4, space={"weight_bits": [4, 8]})
    with pytest.raises(DataError, match="Quantization needs samples"):
        explore(tmp_path, data=None)
    # what is no figure is said before any design is evaluated
    monkeypatch.setattr(run, "read_problem", lambda *_, **__: pytest.fail("took time"))
    with pytest.raises(
        OptionError, match="'energie' is no figure of a design; did you mean energy"
    ):
        explore(tmp_path, objective=["energie"])
    with pytest.raises(OptionError, match="'lut' is no figure of a design; did you mean luts"):
        explore(tmp_path, constraint=["lut<=3"])
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ToolError,
        match=r"optuna and plotly and matplotlib are missing; .*pip install 'nnhw\[explore\]'",
    ):
        explore(tmp_path)


def test_command_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **samples())
    (tmp_path / "e.toml").write_text(
        "budget = 3\nworkers = 1\nmacs = 8\nclock_mhz = 50\n[space]\nrows = [2, 4]\ncols = [4]\n"
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
