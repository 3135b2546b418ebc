"""What benchmarks/tuned_runs.py keeps of runs that are done."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch")


@pytest.fixture
def tuned_runs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("tuned_runs")


@pytest.fixture
def run(tuned_runs: ModuleType):
    """A run, of which the tuned network is 8 of 200 samples worse."""
    counts = {"samples": 200, "float_right": 190, "direct_right": 100, "tuned_right": 182}
    only = {"only_float": 10, "only_tuned": 2}
    of = {"network": "a", "half": 0, "seed": 0, "epochs": 3, "best_epoch": 2}
    return tuned_runs.Run(**of, **counts, **only, seconds=1.5, commit="abc")


def test_a_run_is_done_once(tuned_runs: ModuleType, run, tmp_path: Path) -> None:
    done = tmp_path / "runs.jsonl"
    other = replace(run, half=1)
    assert tuned_runs.runs_in(done, tuned_runs.Run) == []
    assert tuned_runs.once(done, "first", lambda: run)
    assert not tuned_runs.once(done, "first", lambda: pytest.fail("measured again"))
    assert tuned_runs.once(done, "another", lambda: other)
    assert tuned_runs.runs_in(done, tuned_runs.Run) == [other, run]  # by name
    # A line that is deleted is measured anew.
    done.write_text(done.read_text().splitlines()[1] + "\n")
    assert tuned_runs.once(done, "first", lambda: run)
    assert len(done.read_text().splitlines()) == 2


def test_a_run_that_fails_leaves_nothing(tuned_runs: ModuleType, tmp_path: Path) -> None:
    done = tmp_path / "runs.jsonl"

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned_runs.once(done, "first", fail)
    assert not done.exists()


def test_columns(tuned_runs: ModuleType, run) -> None:
    later = replace(run, half=1, commit="def", seconds=2.5)
    runs = [run, later, replace(run, seed=1)]
    pairs = tuned_runs.in_pairs(runs, lambda one: one.network)
    assert pairs == {"a": [run, later]}  # of seed 1 one half only
    # 20 lost and 4 won of 400: 1.96 sqrt(24 - 16^2 / 400) / 400
    assert tuned_runs.paired_difference([run, later]) == "-4.00 ± 2.37"
    assert tuned_runs.commits(runs) == "abc, def"
    assert tuned_runs.times(runs) == "2 to 2"
