"""Which sampler finds good designs with how many trials: studies over a space that is tabulated.

    python benchmarks/search.py                # all networks there are
    python benchmarks/search.py digits_cnn

Every design of the space is evaluated once, without a device, and kept in a file; the trials of a
study are look-ups in it. Beside the tables, the curves are drawn: search.png. Needs the extra
`explore`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from tables import EXAMPLES, MODELS, ROOT, Table, argument_parser, write_tables

import nnhw
from nnhw.options import SAMPLERS, BuildOptions
from nnhw.search.figures import FIGURES, Kind
from nnhw.search.front import pareto_front
from nnhw.search.goal import Goal
from nnhw.search.space import Point, space_from
from nnhw.search.stages import Outcome
from nnhw.search.study import open_study

CACHE = ROOT / "benchmarks" / "search_tables"
"""Evaluated designs by network; not kept with the code, as they follow from it."""

NETWORKS = {
    "digits_cnn": (EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits.npz"),
    **(
        {
            "mnist_cnn_zoo": (MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz"),
            "dscnn": (MODELS / "dscnn_f32.onnx", MODELS / "dscnn_data.npz"),
        }
        if MODELS.is_dir()
        else {}
    ),
}
SPACE: Mapping[str, Sequence[int | str]] = {
    "rows": (4, 8, 12, 16),
    "cols": (4, 8, 16, 24),
    "requantizers": (2, 4, 8, 16),
    "lane_groups": (1, 2),
    "weight_bits": (3, 4, 5, 6, 8),
    "act_bits": (5, 6, 8),
}
FIXED = {"stream_bytes": "8,8", "equalize": "off"}
OBJECTIVES = ("latency_cycles", "sqnr", "multipliers", "memory_bits")
BUDGETS = (15, 30, 60, 120)
MOST_TRIALS = max(BUDGETS)
SEEDS = 5
_BEYOND = 1.1
"""Reference point, in the range of each loss over the whole space."""


def main() -> None:
    """Tabulate and study the networks that are named."""
    parser = argument_parser(__doc__.splitlines()[0], "search.md")
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(NETWORKS)}; all unless given")
    arguments = parser.parse_args()
    names = arguments.networks or list(NETWORKS)
    space = space_from(SPACE, BuildOptions(), set())
    write_tables(
        arguments.out,
        "Samplers of a search at equal budgets",
        (Table(name, _COLUMNS, rows(name)) for name in names),
        notes=f"Hypervolume of the front found, in per cent of that of the whole space of "
        f"{len(space):,} designs, which were all evaluated: mean of {SEEDS} seeds, and the least. "
        f"Objectives: {', '.join(OBJECTIVES)}; losses are scaled to their range, cycles, "
        "multipliers and bits by their logarithms. A study has its first trials in common with "
        f"shorter ones, but for NSGA-II, whose generations are those of {MOST_TRIALS} trials. The "
        "last column is the first trial after which "
        f"the mean is {_ENOUGH}% or more.\n\n![Hypervolume by trials]"
        f"({arguments.out.with_suffix('.png').name})",
    )
    draw(names).savefig(arguments.out.with_suffix(".png"), dpi=110)


_ENOUGH = 75
_COLUMNS = (
    "sampler",
    *(f">{budget} trials" for budget in BUDGETS),
    ">least of the last",
    f">trials to {_ENOUGH}%",
)


def rows(network: str) -> Iterator[tuple[str, ...]]:
    """A row for each sampler."""
    for sampler in SAMPLERS:
        curves = volumes(network, sampler)
        means = curves.mean(axis=0)
        reached = np.flatnonzero(means >= _ENOUGH)
        yield (
            sampler,
            *(f"{means[budget - 1]:.1f}" for budget in BUDGETS),
            f"{curves[:, -1].min():.1f}",
            str(reached[0] + 1) if len(reached) else f"more than {MOST_TRIALS}",
        )


@cache
def volumes(network: str, sampler: str) -> np.ndarray:
    """(seeds, trials): the share of the hypervolume that is found after each trial, in per cent.

    A grid is as coarse as its budget allows, so that there is another one for each number of
    trials, the same for all seeds.
    """
    table = tabulated(network)
    losses = dict(zip(table, scaled(table), strict=True))
    goal = Goal(
        space=space_from(SPACE, BuildOptions(), set()),
        objectives=tuple(FIGURES[name] for name in OBJECTIVES),
        constraints=(),
        facts={"network": network},
    )

    def volume(points: Sequence[Point]) -> float:
        found = np.array([losses[key_of(point)] for point in points])
        return hypervolume(found[pareto_front(found)])

    everything = np.array(list(losses.values()))
    most = hypervolume(everything[pareto_front(everything)])
    if sampler == "grid":
        counts = range(1, MOST_TRIALS + 1)
        found = [[volume(grid_points(goal, count)) for count in counts]]
    else:
        studies = [tried(goal, table, sampler, seed) for seed in range(SEEDS)]
        found = [growth([losses[key_of(point)] for point in points]) for points in studies]
    return 100 * np.array(found) / most


def growth(losses: Sequence[np.ndarray]) -> list[float]:
    """The hypervolume of the first point, of the first two, and so on."""
    front = np.empty((0, len(OBJECTIVES)))
    volumes: list[float] = []
    for own in losses:
        if np.all(front <= own, axis=1).any():  # it adds nothing
            volumes.append(volumes[-1])
            continue
        front = np.vstack([front, own])
        front = front[pareto_front(front)]
        volumes.append(hypervolume(front))
    return volumes


def grid_points(goal: Goal, budget: int) -> Sequence[Point]:
    """The coarse grid that a budget allows."""
    thinned = goal.space.thinned(budget)
    return [{**thinned.fixed, **point} for point in thinned.points()]


def tried(
    goal: Goal, table: Mapping[str, Mapping[str, float]], sampler: str, seed: int
) -> Sequence[Point]:
    """The points of a study, in their order."""
    with open_study(None, goal, sampler=sampler, seed=seed, budget=MOST_TRIALS) as opened:
        while opened.left:
            number, point = opened.ask()
            opened.tell(number, Outcome(figures={Kind.EXACT: table[key_of(point)]}))
        return [trial.point for trial in opened.finished]


def draw(networks: Sequence[str]) -> Figure:
    """Hypervolume by trials: means of the seeds, and their range."""
    figure = Figure(figsize=(4 * len(networks), 4), layout="constrained")
    plots = figure.subplots(1, len(networks), sharey=True, squeeze=False)[0]
    counts = range(1, MOST_TRIALS + 1)
    for axes, network in zip(plots, networks, strict=True):
        for sampler in SAMPLERS:
            curves = volumes(network, sampler)
            (line,) = axes.plot(counts, curves.mean(axis=0), label=sampler)
            low, high = curves.min(axis=0), curves.max(axis=0)
            axes.fill_between(counts, low, high, color=line.get_color(), alpha=0.15, lw=0)
        axes.set_title(network)
        axes.set_xlabel("trials")
        axes.grid(alpha=0.3)
    plots[0].set_ylabel("hypervolume found, % of the whole space's")
    plots[0].legend(loc="lower right")
    return figure


def key_of(point: Point) -> str:
    """A point as a key of the table."""
    return json.dumps({name: point[name] for name in SPACE})


@cache
def tabulated(network: str) -> Mapping[str, Mapping[str, float]]:
    """The figures of every design of the space, evaluated at the first call."""
    path = CACHE / f"{network}.json"
    if not path.exists():
        model, data = NETWORKS[network]
        rows = nnhw.sweep(model, vary=SPACE, data=data, samples=300, **FIXED)
        kinds = {name: "measured" if name == "sqnr" else "exact" for name in OBJECTIVES}
        table = {
            key_of(row): {name: row[f"{name}_{kind}"] for name, kind in kinds.items()}
            for row in rows
        }
        CACHE.mkdir(exist_ok=True)
        path.write_text(json.dumps(table))
    return json.loads(path.read_text())


def scaled(table: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Losses (designs, objectives) from 0 to 1; less is better."""
    columns = []
    for name in OBJECTIVES:
        values = [row[name] for row in table.values()]
        losses = [-value if FIGURES[name].more else math.log(value) for value in values]
        low, high = min(losses), max(losses)
        columns.append([(loss - low) / (high - low) for loss in losses])
    return np.array(columns).T


def hypervolume(losses: np.ndarray, limit: float = _BEYOND) -> float:
    """The volume between points and a reference point, whose losses are all `limit`.

    The measure of a front (Zitzler and Thiele, "Multiobjective Evolutionary Algorithms: A
    Comparative Case Study", 1999), by slices along the last objective.
    """
    if losses.shape[1] == 1:
        return float(limit - losses.min())
    ordered = losses[np.argsort(losses[:, -1])]
    ends = [*ordered[1:, -1], limit]
    total = 0.0
    for count, (start, end) in enumerate(zip(ordered[:, -1], ends, strict=True), 1):
        if end > start:
            slab = ordered[:count, :-1]
            total += (end - start) * hypervolume(slab[pareto_front(slab)], limit)
    return total


if __name__ == "__main__":
    main()
