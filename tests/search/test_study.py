"""Studies: what is asked, told, kept and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("optuna")

import optuna

from nnhw.errors import OptionError, ToolError
from nnhw.options import SAMPLERS, BuildOptions
from nnhw.search.figures import FIGURES, Kind
from nnhw.search.goal import Goal
from nnhw.search.objectives import Constraint
from nnhw.search.space import Point, space_from
from nnhw.search.stages import Outcome
from nnhw.search.study import Study, open_study

TABLE = {"rows": [1, 2, 3, 4], "cols": [1, 2, 4], "trim": [True, False]}
GOAL = Goal(
    space=space_from(TABLE, BuildOptions(), set()),
    objectives=(FIGURES["latency"], FIGURES["accuracy"]),
    constraints=(Constraint(name="multipliers", comparison="<=", limit=8),),
    facts={"of": "tests"},
)


def evaluate(point: Point) -> Outcome:
    """A design whose figures follow from its point; one that cannot be built."""
    rows, cols = int(point["rows"]), int(point["cols"])
    if (rows, cols) == (3, 4):
        return Outcome(refusal="no")
    exact = {"latency": 100 / (rows * cols), "multipliers": rows * cols}
    return Outcome(figures={Kind.EXACT: exact, Kind.MEASURED: {"accuracy": 90.0 + rows}})


def run(study: Study, most: int = 1000) -> None:
    while study.left and most:
        number, point = study.ask()
        study.tell(number, evaluate(point))
        most -= 1


def points(study: Study) -> list[Point]:
    return [trial.point for trial in study.finished]


@pytest.mark.parametrize(
    ("sampler", "name"),
    [("tpe", "study.db"), *((sampler, "study.journal") for sampler in SAMPLERS)],
)
def test_an_interrupted_study_is_like_one_that_was_not(sampler, name, tmp_path):
    settings = {"sampler": sampler, "seed": 3, "budget": 22}
    with open_study(None, GOAL, **settings) as whole:
        run(whole)
    path = tmp_path / name
    with open_study(path, GOAL, **settings) as study:
        run(study, 9)
    with open_study(path, GOAL, **settings) as study:
        assert len(study.finished) == 9
        run(study)
        again = study.finished
    assert points(whole) == [trial.point for trial in again]
    assert [trial.values for trial in whole.finished] == [trial.values for trial in again]
    assert len(again) == 22


def test_a_trial_that_was_under_way_is_no_finished_one_and_runs_again(tmp_path):
    path = tmp_path / "study.log"
    settings = {"sampler": "grid", "seed": 0, "budget": 100}
    with open_study(path, GOAL, **settings) as study:
        run(study, 3)
        _, lost = study.ask()
    with open_study(path, GOAL, **settings) as study:
        assert len(study.finished) == 3
        assert study.ask()[1] == lost
        states = [trial.state.name for trial in study.optuna.trials]
    assert states == ["COMPLETE"] * 3 + ["FAIL", "RUNNING"]


def test_a_grid_has_every_point_once():
    with open_study(None, GOAL, sampler="grid", seed=0, budget=1000) as study:
        run(study)
        assert len(points(study)) == len(GOAL.space)
        assert all(point in points(study) for point in GOAL.space.points())
        assert study.left == 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_points_are_marked_alike_whatever_the_sampler(sampler):
    with open_study(None, GOAL, sampler=sampler, seed=1, budget=24) as study:
        run(study)
        trials = {trial.number: trial for trial in study.optuna.trials}
        assert {trial.feasible for trial in study.finished} == {True, False}
        for done in study.finished:
            trial = trials[done.number]
            product = int(done.point["rows"]) * int(done.point["cols"])
            if done.outcome.refusal:
                assert trial.state.name == "PRUNED"
                assert trial.constraints == {"buildable": 1.0}
                assert trial.user_attrs["refusal"] == "no"
            else:
                assert trial.user_attrs["exact"]["multipliers"] == product
                assert trial.constraints["multipliers<=8"] == (product - 8) / 8
            assert done.feasible == (not done.outcome.refusal and product <= 8)
        best = study.optuna.best_trials
        assert best
        assert all(int(t.params["rows"]) * int(t.params["cols"]) <= 8 for t in best)


def test_another_search_is_refused(tmp_path):
    path = tmp_path / "study.db"
    settings = {"sampler": "random", "seed": 0, "budget": 5}
    with open_study(path, GOAL, **settings) as study:
        run(study)
        with pytest.raises(ToolError, match=r"Another search is at work on study .*study\.db"):
            open_study(path, GOAL, **settings).__enter__()
    other = Goal(**{**vars(GOAL), "constraints": ()})
    with (
        pytest.raises(OptionError, match=r"(?s)of another search; .*- constraint: \['mult"),
        open_study(path, other, **settings),
    ):
        pass
    with open_study(path, GOAL, **{**settings, "sampler": "tpe", "budget": 7}) as study:
        assert study.left == 2


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(b"no database " * 100)
    with (
        pytest.raises(ToolError, match=r"study\.db cannot be opened: .*give another --study"),
        open_study(path, GOAL, sampler="tpe", seed=0, budget=5),
    ):
        pass


def test_the_study_is_one_of_optunas_own(tmp_path: Path):
    path = tmp_path / "study.db"
    with open_study(path, GOAL, sampler="random", seed=0, budget=3) as study:
        run(study)
    (summary,) = optuna.get_all_study_summaries(f"sqlite:///{path}")
    loaded = optuna.load_study(study_name=summary.study_name, storage=f"sqlite:///{path}")
    assert loaded.metric_names == ["latency [µs]", "right answers [%]"]
    assert [direction.name for direction in loaded.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert len(loaded.trials) == 3
