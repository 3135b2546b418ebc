"""The trials of a search: runs of tuning, each with other settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import QuantizationError
from ...options import TuneOptions
from ...search.figures import Figure, Kind
from ...search.goal import Goal
from ...search.importance import parameter_importances
from ...search.result import SearchResult
from ...search.stages import Outcome
from ...search.study import Study, open_study
from ..checkpoint import Progress
from ..result import Searched
from ..train import Report, Training
from .page import write_pictures
from .space import space_of, with_settings

LOSS = Figure(name="val_loss", title="loss on validation samples")

_PATIENT_SHARE = 0.25
"""Of the epochs, before a trial may be stopped."""


class _StopTrialError(Exception):
    """The trial is not worth going on with."""


def find_settings(
    make: Callable[[TuneOptions], Training],
    options: TuneOptions,
    study_path: Path,
    identity: Mapping[str, Any],
    report: Report,
) -> tuple[TuneOptions, Searched]:
    """Try settings, and choose those of the least loss on validation samples.

    A trial whose loss is more than the median one of earlier trials at the same epoch is stopped.

    Parameters
    ----------
    make
        A run from the beginning.
    options
        What was asked for.
    study_path
        The file of the study, beside which its pictures are.
    identity
        All else that a trial's result depends on, for JSON.

    Raises
    ------
    QuantizationError
        If no trial has come to an end.
    OptionError, ToolError
        If the study is of another search, or cannot be opened.
    """
    space = space_of(options)
    goal = Goal(space=space, objectives=(LOSS,), constraints=(), facts=identity)
    assert options.search is not None
    with open_study(
        study_path,
        goal,
        sampler=options.search,
        seed=options.seed,
        budget=options.trials,
        patience=math.ceil(_PATIENT_SHARE * options.epochs),
    ) as study:
        while study.left:
            number, point = study.ask()
            outcome = study.known(point)
            if outcome is None:
                training = make(with_settings(options, space, point))
                outcome = _outcome(training, study, number, options.trials, report)
            study.tell(number, outcome)
        trials = sorted(study.finished, key=lambda trial: trial.number)
        result = SearchResult(
            goal=goal, trials=trials, importances=parameter_importances(study.optuna, goal)
        )
    if not result.front:
        refusals = {trial.outcome.refusal for trial in trials} - {""}
        raise QuantizationError(f"No trial of the search has come to an end: {max(refusals)}")
    best = result.front[0]
    chosen = with_settings(options, space, best.point)
    searched = Searched(
        sampler=options.search,
        trials=len(trials),
        stopped=sum(trial.values is None for trial in trials),
        best=best.number,
        settings={name: getattr(chosen, name) for name in options.search_over},
        page=study_path.with_suffix(".html"),
        study=study_path,
    )
    write_pictures(result, options, study_path)
    return chosen, searched


def _outcome(training: Training, study: Study, number: int, trials: int, report: Report) -> Outcome:
    """What comes of a run that may be stopped."""
    begin = time.process_time()
    progress = Progress()
    done = len(study.finished)

    def look(progress: Progress) -> None:
        epoch = len(progress.history) - 1
        least = progress.least_loss
        if epoch and study.stops(number, epoch, least) and not training.is_done(progress):
            raise _StopTrialError

    known = [trial.values[0] for trial in study.finished if trial.values]
    best = f"; least loss so far {min(known):.4g}" if known else ""

    def told(step: str, share: float) -> None:
        report(f"Trial {done + 1} of {trials}{best}", (done + share) / trials)

    refusal, figures = "", {}
    try:
        training.run(progress, look, told)
        figures[LOSS.name] = progress.least_loss
    except _StopTrialError:
        pass
    except QuantizationError as error:
        refusal = str(error)
    if progress.history and not refusal:
        figures["epochs"] = len(progress.history) - 1
        figures["figure"] = progress.history[progress.best]["figure"]
    return Outcome(
        figures={Kind.MEASURED: figures}, refusal=refusal, seconds=time.process_time() - begin
    )
