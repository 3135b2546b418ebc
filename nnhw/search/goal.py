"""What a search is for, and its trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .figures import Figure, flat
from .front import pareto_front
from .objectives import Constraint
from .space import Point, Space
from .stages import Outcome


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A finished trial.

    Parameters
    ----------
    number
        In the study.
    point
        What was tried.
    outcome
        What came of it.
    values
        Of the objectives; None if there is no such design, or it misses a constraint before all
        of them are known.
    violations
        By constraint, of those that do not hold: how far it is beyond.
    """

    number: int
    point: Point
    outcome: Outcome
    values: tuple[float, ...] | None
    violations: Mapping[str, float]

    @property
    def feasible(self) -> bool:
        """Whether there is such a design, and all constraints hold."""
        return self.values is not None and not self.violations


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a search is for.

    Parameters
    ----------
    space
        What there is to choose from.
    objectives
        What is to be good.
    constraints
        What has to hold.
    facts
        All else that the figures of a design depend on, for JSON.
    """

    space: Space
    objectives: tuple[Figure, ...]
    constraints: tuple[Constraint, ...]
    facts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON: two searches with one of these have the same trials."""
        return {
            "space": self.space.to_dict(),
            "objective": [figure.name for figure in self.objectives],
            "constraint": [str(constraint) for constraint in self.constraints],
            **self.facts,
        }

    def front(self, trials: Iterable[Trial]) -> tuple[Trial, ...]:
        """Feasible trials that no other one is better than in all objectives, the best of the
        first objective first; one of those that are equal."""
        feasible = [trial for trial in trials if trial.feasible]
        if not feasible:
            return ()
        signs = np.array([-1.0 if figure.more else 1.0 for figure in self.objectives])
        losses = signs * np.array([trial.values for trial in feasible], float)
        is_on = pareto_front(losses)
        order = [place for place in np.argsort(losses[:, 0], kind="stable") if is_on[place]]
        return tuple(feasible[place] for place in order)

    def judge(self, number: int, point: Point, outcome: Outcome) -> Trial:
        """A trial with what came of it, the same whoever has chosen the point."""
        figures = flat(outcome.figures)
        violations = {
            str(constraint): constraint.violation(figures)
            for constraint in self.constraints
            if constraint.name in figures and constraint.violation(figures) > 0
        }
        values = None
        if all(figure.name in figures for figure in self.objectives):
            values = tuple(float(figures[figure.name]) for figure in self.objectives)
        return Trial(
            number=number, point=point, outcome=outcome, values=values, violations=violations
        )
