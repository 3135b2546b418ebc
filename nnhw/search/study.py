"""A study: all trials of a search, in a storage of Optuna's that outlives the process."""

from __future__ import annotations

import fcntl
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import MedianPruner
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ..errors import OptionError, ToolError, first_line
from .figures import Figures, Kind, flat
from .goal import Goal, Trial
from .samplers import distributions, make_sampler, silence
from .space import Point
from .stages import Outcome

STUDY_NAME = "nnhw explore"
JOURNALS = (".journal", ".log")
"""Suffixes of files that are journals; others are SQLite."""

_IDENTITY = "search"
_REFUSAL = "refusal"
_SECONDS = "seconds"
_CONFIRMED = "designs"
_BASELINE = "baseline"
_BUILDABLE = "buildable"
"""Name of the constraint that a design can be built at all."""


class Study:
    """The trials of a search. Only the process that has opened it reads and writes the storage.

    Parameters
    ----------
    study
        Optuna's.
    goal
        What it is for.
    sampler, seed, budget
        See `make_sampler`.
    """

    def __init__(self, study: optuna.Study, goal: Goal, *, sampler: str, seed: int, budget: int):
        self.optuna = study
        self.goal = goal
        self._sampler, self._seed, self._budget = sampler, seed, budget
        self._distributions = distributions(goal.space)
        self._grid = list(goal.space.points()) if sampler == "grid" else []
        self._asked: dict[int, optuna.Trial] = {}
        self._done = [self._finished(trial) for trial in self._frozen(TrialState.COMPLETE)]
        self._done += [self._finished(trial) for trial in self._frozen(TrialState.PRUNED)]
        self._confirmed: dict[str, Any] = dict(study.user_attrs.get(_CONFIRMED, {}))
        self._done.sort(key=lambda trial: trial.number)
        for trial in self._frozen(TrialState.RUNNING, TrialState.WAITING):
            # of a process that is no more
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    @property
    def finished(self) -> Sequence[Trial]:
        """All finished trials, those of earlier processes too."""
        return self._done

    @property
    def confirmed(self) -> Mapping[int, Figures]:
        """Figures of designs that were built, by trial."""
        return {
            int(number): {Kind(kind): values for kind, values in figures.items()}
            for number, figures in self._confirmed.items()
        }

    def confirm(self, number: int, figures: Figures) -> None:
        """Keep what was found of a trial's design when it was built."""
        values = {kind.value: dict(some) for kind, some in figures.items()}
        self._confirmed[str(number)] = values
        self.optuna.set_user_attr(_CONFIRMED, self._confirmed)

    def keep_baseline(self, outcome: Outcome) -> None:
        """Keep the figures of the baseline for `kept_baseline`."""
        self.optuna.set_user_attr(_BASELINE, _attributes(outcome))

    @property
    def left(self) -> int:
        """How many trials are to be asked for, beyond those that are under way."""
        most = min(self._budget, len(self._grid)) if self._grid else self._budget
        return max(0, most - len(self._done) - len(self._asked))

    def ask(self) -> tuple[int, Point]:
        """The number of a new trial, and what to try."""
        number = len(self.optuna.get_trials(deepcopy=False))
        self.optuna.sampler = make_sampler(
            self._sampler, seed=self._seed, number=number, budget=self._budget
        )
        if self._grid:
            busy = [trial.params for trial in self._asked.values()]
            tried = [*busy, *(trial.point for trial in self._done)]
            self.optuna.enqueue_trial(next(p for p in self._grid if p not in tried))
        trial = self.optuna.ask(dict(self._distributions))
        self._asked[trial.number] = trial
        return trial.number, dict(trial.params)

    def known(self, point: Point) -> Outcome | None:
        """What came of a point that was tried before; None if it was not."""
        return next((trial.outcome for trial in self._done if trial.point == point), None)

    def stops(self, number: int, step: int, value: float) -> bool:
        """Whether a trial that has come to `value` is no better by now than half of those before
        it, so that there is no use in going on: of studies of one objective, to be made less."""
        trial = self._asked[number]
        trial.report(value, step)
        return trial.should_prune()

    def tell(self, number: int, outcome: Outcome) -> Trial:
        """Keep what came of a trial: when this returns, nothing can take it away any more."""
        trial = self._asked[number]
        for name, value in _attributes(outcome).items():
            trial.set_user_attr(name, value)
        done = self.goal.judge(number, dict(trial.params), outcome)
        figures = flat(outcome.figures)
        for constraint in self.goal.constraints:
            if constraint.name in figures:
                trial.set_constraint(str(constraint), constraint.violation(figures))
        trial.set_constraint(_BUILDABLE, 1.0 if outcome.refusal else -1.0)
        if done.values is None:
            self.optuna.tell(trial, state=TrialState.PRUNED)
        else:
            self.optuna.tell(trial, done.values)
        del self._asked[number]
        self._done.append(done)
        return done

    def _frozen(self, *states: TrialState) -> list[FrozenTrial]:
        return self.optuna.get_trials(deepcopy=False, states=states)

    def _finished(self, trial: FrozenTrial) -> Trial:
        return self.goal.judge(trial.number, dict(trial.params), _outcome(trial.user_attrs))


def _attributes(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a storage takes it."""
    found: dict[str, Any] = {kind.value: dict(each) for kind, each in outcome.figures.items()}
    found[_SECONDS] = round(outcome.seconds, 3)
    return found | ({_REFUSAL: outcome.refusal} if outcome.refusal else {})


def _outcome(attributes: Mapping[str, Any]) -> Outcome:
    """The outcome that `_attributes` were made of."""
    return Outcome(
        figures={kind: attributes[kind.value] for kind in Kind if kind.value in attributes},
        refusal=attributes.get(_REFUSAL, ""),
        seconds=attributes.get(_SECONDS, 0.0),
    )


def kept_baseline(path: Path, facts: Mapping[str, Any]) -> Outcome | None:
    """The baseline that a study in a file has kept, if all that figures of designs depend on
    (`Goal.facts`) is the same there.

    Raises
    ------
    ToolError
        See `open_study`.
    """
    if not path.exists():
        return None
    with _alone(path), _reading(path):
        storage = _storage(path)
        if STUDY_NAME not in optuna.get_all_study_names(storage):
            return None
        attributes = optuna.load_study(study_name=STUDY_NAME, storage=storage).user_attrs
    identity = attributes.get(_IDENTITY, {})
    is_same = all(identity.get(name) == value for name, value in _as_json(facts).items())
    return _outcome(attributes[_BASELINE]) if is_same and _BASELINE in attributes else None


@contextmanager
def open_study(
    path: Path | None, goal: Goal, *, sampler: str, seed: int, budget: int, patience: int = 0
) -> Iterator[Study]:
    """A study in a file, which goes on if it is there; None: in memory.

    `patience`: steps of a trial before `stops` says so.

    Raises
    ------
    OptionError
        If the file has a study of something else.
    ToolError
        If another process has it, or it is damaged.
    """
    silence()
    with ExitStack() as stack:
        if path is not None:
            stack.enter_context(_alone(path))
        directions = [
            StudyDirection.MAXIMIZE if figure.more else StudyDirection.MINIMIZE
            for figure in goal.objectives
        ]
        identity = _as_json(goal.to_dict())
        with _reading(path):
            study = optuna.create_study(
                storage=None if path is None else _storage(path),
                study_name=STUDY_NAME,
                directions=directions,
                load_if_exists=True,
                pruner=MedianPruner(n_warmup_steps=patience),
            )
            found = study.user_attrs.get(_IDENTITY)
        if found is None:
            with warnings.catch_warnings():  # that Optuna may change it
                warnings.simplefilter("ignore", ExperimentalWarning)
                study.set_metric_names([figure.label for figure in goal.objectives])
            study.set_user_attr(_IDENTITY, identity)
        elif found != identity:
            raise OptionError(_difference(path, found, identity))
        yield Study(study, goal, sampler=sampler, seed=seed, budget=budget)


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they come back from a storage."""
    return json.loads(json.dumps(values))


@contextmanager
def _reading(path: Path | None) -> Iterator[None]:
    """Refuse a file that no study can be read from."""
    try:
        yield
    except Exception as error:  # of SQLAlchemy, SQLite and Optuna, whatever is in the file
        raise ToolError(
            f"Study {path} cannot be opened: {first_line(error)}; give another --study"
        ) from error


def _storage(path: Path) -> BaseStorage:
    if path.suffix in JOURNALS:
        return JournalStorage(JournalFileBackend(str(path)))
    return RDBStorage(f"sqlite:///{path.resolve()}")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes out; the lock goes with the process, however that ends."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise ToolError(f"Study {path} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError(
                f"Another search is at work on study {path}; wait for its end, or give another "
                "--study"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _difference(path: Path | None, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    names = [name for name in wanted if found.get(name) != wanted[name]]
    lines = [f"  - {name}: {found.get(name)} there, {wanted[name]} here" for name in names]
    return "\n".join(
        [f"Study {path} is of another search; give another --study, or ask for the same:", *lines]
    )
