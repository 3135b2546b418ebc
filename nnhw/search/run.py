"""A search from a network and data to a table of designs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from .. import __version__
from ..budget import memory_budget
from ..data import Data
from ..device_search import LOGIC_SHARE
from ..errors import NnhwError, OptionError
from ..families import named_target
from ..frontend import Model, model_file, verilog_identifier
from ..options import Exploration, ExploreOptions, read_best
from ..plugins import plugins_in_use
from ..synth import require_yosys
from .confirm import FOLDER as DESIGNS
from .confirm import confirm_design
from .figures import FIGURES, RESOURCES, Kind, flat
from .files import make_folder, named, write_file
from .goal import Goal, Trial
from .importance import parameter_importances
from .objectives import FEW_LABELS, STAND_INS, Constraint, find_constraint, find_objectives
from .page import render_page
from .picture import draw_png
from .problem import Problem, fitting, read_problem
from .result import ExploreResult
from .space import Space, space_from
from .stages import Evaluator, Outcome
from .study import Study, kept_baseline, open_study
from .table import to_csv
from .workers import open_workers

Progress = Callable[[str, float], None]

TABLE = "trials.csv"
PAGE = "explore.html"
PICTURE = "explore.png"
STUDY = "study.db"

_EXPLORE = "Explore"
_OF_MACHINE = ("max_memory",)
"""Options that a study may go on with other values of, on another machine."""


def run_search(
    model: Model,
    data: Data | None,
    out: str | PathLike[str] | None,
    study: str | PathLike[str] | None,
    progress: Progress,
    chosen: Exploration[ExploreOptions],
) -> ExploreResult:
    """See `nnhw.explore`."""
    explore, base = chosen.own, chosen.build
    _check_synth(chosen)
    _check_figures(explore)
    with memory_budget(base.max_memory), plugins_in_use(), model_file(model) as file:
        space = space_from(explore.space, base, chosen.given)
        problem = read_problem(file, data, base, samples=explore.samples, progress=progress)
        space = fitting(space, problem)
        if explore.sampler == "grid":
            space = space.thinned(explore.budget)
        folder = Path("explore_out", verilog_identifier(file.stem)) if out is None else Path(out)
        path = folder / STUDY if study is None else Path(study)
        facts = _facts(problem)
        baseline = kept_baseline(path, facts)
        if baseline is None:
            progress("Evaluate the baseline", 0)
            baseline = _baseline(problem)
        goal, remarks = _goal(chosen, space, problem, flat(baseline.figures), facts)
        make_folder(folder)
        with open_study(
            path, goal, sampler=explore.sampler, seed=base.seed, budget=explore.budget
        ) as opened:
            opened.keep_baseline(baseline)
            estimated = frozenset(baseline.figures.get(Kind.ESTIMATED, ()))
            _run(
                opened,
                replace(problem, constraints=goal.constraints, estimated=estimated),
                chosen,
                progress,
            )
            if explore.synth is not None:
                remarks += _confirm(opened, file, data, chosen, folder, progress)
            trials = _with_designs(opened)
            importances = parameter_importances(opened.optuna, goal)
        result = ExploreResult(
            goal=goal,
            trials=trials,
            baseline=baseline,
            base=base,
            model=named(model, file.name),
            data=None if data is None else named(data, "DATA"),
            folder=folder,
            study=path,
            remarks=remarks,
            importances=importances,
        )
        progress("Draw", 0)
        title = f"Designs of {file.stem}"
        write_file(folder / TABLE, to_csv(result.table).encode())
        write_file(folder / PAGE, render_page(result, title).encode())
        write_file(folder / PICTURE, draw_png(result, title))
    return result


def _confirm(
    study: Study,
    file: Path,
    data: Data | None,
    chosen: Exploration[ExploreOptions],
    folder: Path,
    progress: Progress,
) -> tuple[str, ...]:
    """Build the best designs of the front that are not built yet; what is to be said of them."""
    remarks = []
    for trial in study.goal.front(study.finished)[: read_best(chosen.own.synth)]:
        if trial.number in study.confirmed:
            continue
        options = study.goal.space.options(chosen.build, trial.point)
        where = folder / DESIGNS / f"trial_{trial.number}"
        try:
            study.confirm(trial.number, confirm_design(file, data, options, where, progress))
        except NnhwError as error:
            remarks.append(f"The design of trial {trial.number} could not be confirmed: {error}")
    return tuple(remarks)


def _with_designs(study: Study) -> list[Trial]:
    """All trials by number, with the figures of those designs that were built."""
    trials = sorted(study.finished, key=lambda trial: trial.number)
    for place, trial in enumerate(trials):
        if trial.number in study.confirmed:
            figures = {**trial.outcome.figures, **study.confirmed[trial.number]}
            outcome = replace(trial.outcome, figures=figures)
            trials[place] = replace(trial, outcome=outcome)
    return trials


def _check_synth(chosen: Exploration[ExploreOptions]) -> None:
    """Refuse to synthesize designs where that cannot be done, before any work.

    Raises
    ------
    OptionError, ToolError
        If there is no target, or a program is missing.
    """
    if chosen.own.synth is None:
        return
    if chosen.build.target is None:
        raise OptionError("Option synth needs a device; give target, too")
    require_yosys()


def _check_figures(explore: ExploreOptions) -> None:
    """Whether objectives and constraints are of figures at all, before anything takes time."""
    find_objectives(explore.objective, FIGURES, few_labels=False)
    for text in explore.constraint:
        find_constraint(text, FIGURES, few_labels=False)


def _baseline(problem: Problem) -> Outcome:
    """What a build would choose, without a search.

    Raises
    ------
    OptionError
        If the options that all designs have in common allow none.
    """
    baseline = Evaluator(problem).evaluate({})
    if baseline.refusal:
        raise OptionError(
            f"With the options that all designs have in common there is none: {baseline.refusal}"
        )
    return baseline


def _facts(problem: Problem) -> Mapping[str, Any]:
    """All that the figures of a design depend on, but for what is searched."""
    evaluation = problem.samples.evaluation
    return {
        "nnhw": __version__,
        "model_sha256": problem.model_sha256,
        "data_sha256": problem.data_sha256,
        "samples": 0 if evaluation is None else len(evaluation),
        "options": {n: v for n, v in problem.options.to_dict().items() if n not in _OF_MACHINE},
    }


def _goal(
    chosen: Exploration[ExploreOptions],
    space: Space,
    problem: Problem,
    known: Collection[str],
    facts: Mapping[str, Any],
) -> tuple[Goal, tuple[str, ...]]:
    """What is searched for, and what there is to say about it."""
    evaluation = problem.samples.evaluation
    count = 0 if evaluation is None or "accuracy" not in known else len(evaluation)
    few_labels = evaluation is not None and count < FEW_LABELS
    explore = chosen.own
    objectives = find_objectives(explore.objective, known, few_labels=few_labels)
    constraints = [
        find_constraint(text, known, few_labels=few_labels) for text in explore.constraint
    ]
    remarks = []
    if few_labels and "sqnr" in known:
        told = "no labels of classes" if not count else f"{count} labels"
        remarks.append(
            f"There are {told} to measure with, which tell too little of accuracy: in place of "
            + " and ".join(f"{name} stands {other}" for name, other in STAND_INS.items())
        )
    constraints += _capacity(chosen, known)
    goal = Goal(space=space, objectives=objectives, constraints=tuple(constraints), facts=facts)
    return goal, tuple(remarks)


def _capacity(chosen: Exploration[ExploreOptions], known: Collection[str]) -> list[Constraint]:
    """That the device has enough of what is known of designs."""
    target = chosen.build.target and named_target(chosen.build.target)
    if not target:
        return []
    logic = ("luts", "flip_flops")  # full devices are hard to route, and estimates may err
    return [
        Constraint(
            name=name,
            comparison="<=",
            limit=float(int(target.capacity[resource] * (LOGIC_SHARE if name in logic else 1))),
        )
        for name, resource in RESOURCES.items()
        if name in known and resource in target.capacity
    ]


def _run(
    study: Study, problem: Problem, chosen: Exploration[ExploreOptions], progress: Progress
) -> None:
    """Ask for trials, have them evaluated, and tell what came of them, as long as there are any."""
    explore = chosen.own
    total = len(study.finished) + study.left
    progress(_EXPLORE, len(study.finished) / total if total else 1)
    if not study.left:
        return
    with open_workers(problem, processes=explore.workers, scheduler=explore.scheduler) as workers:
        under_way: dict[int, Mapping[str, Any]] = {}
        while study.left or under_way:
            while study.left and len(under_way) < workers.size:
                number, point = study.ask()
                if (known := study.known(point)) is not None:
                    study.tell(number, known)
                    continue
                under_way[number] = point
                workers.submit(number, {**study.goal.space.fixed, **point})
            for done in workers.wait() if under_way else []:
                del under_way[done.key]
                study.tell(done.key, done.outcome)
                progress(_EXPLORE, len(study.finished) / total)
