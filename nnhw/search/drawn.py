"""What the pictures of a search show, whatever draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from ..options import BuildOptions
from .figures import Figure
from .goal import Trial
from .result import ExploreResult, SearchResult

MOST_PARAMETERS = 6
"""Of parallel coordinates: those that matter most."""


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Trials of one sort.

    Parameters
    ----------
    name
        What they have in common.
    trials
        They.
    """

    name: str
    trials: tuple[Trial, ...]


def clouds(result: ExploreResult) -> tuple[Cloud, Cloud, Cloud]:
    """Trials that miss a constraint, those that do not, and those of them on the front."""
    front = {trial.number for trial in result.front}
    missed = [t for t in result.trials if t.values is not None and not t.feasible]
    others = [t for t in result.trials if t.feasible and t.number not in front]
    return (
        Cloud(name="misses a constraint", trials=tuple(missed)),
        Cloud(name="another design is better", trials=tuple(others)),
        Cloud(name="no other design is better in everything", trials=result.front),
    )


def axis_label(result: ExploreResult, figure: Figure) -> str:
    """An objective with its unit, and where it is from."""
    kinds = {f.name: kind for f, kind in result.objective_kinds}
    return f"{figure.label}, {kinds[figure.name]}"


def number_text(value: float) -> str:
    """A figure for people: five digits that mean something."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.5g}"


def array_and_bits(options: BuildOptions) -> tuple[str, str]:
    """Rows and columns of a design, and bits of its weights and activations; "" for an array that
    a build chooses."""
    array = f"{options.rows} x {options.cols}" if options.rows else ""
    weights = sorted({options.weight_bits, *options.bits.values()})
    return array, f"{'-'.join(str(bits) for bits in weights)}, {options.act_bits}"


def mattering(result: SearchResult) -> list[str]:
    """Parameters by how much they matter for any objective, at most `MOST_PARAMETERS`."""
    most: dict[str, float] = {p.name: 0.0 for p in result.goal.space.parameters}
    for shares in result.importances.values():
        for name, share in shares.items():
            most[name] = max(most[name], share)
    return sorted(most, key=lambda name: -most[name])[:MOST_PARAMETERS]


def importance_rows(result: SearchResult) -> Mapping[str, Mapping[str, float]]:
    """Shares in per cent by title of the objective and parameter, parameters in the order of
    `mattering`."""
    names = mattering(result)
    titles = {figure.name: figure.title for figure in result.objectives}
    return {
        titles[figure]: {name: round(100 * shares.get(name, 0.0), 1) for name in names}
        for figure, shares in result.importances.items()
    }


def progress_of(result: SearchResult) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Trials with their values of the first objective, and the best value up to each of them."""
    figure = result.objectives[0]
    points = [(trial.number, trial.values[0]) for trial in result.trials if trial.values]
    better = max if figure.more else min
    best = list(accumulate((value for _, value in points), better))
    return points, [(number, value) for (number, _), value in zip(points, best, strict=True)]
