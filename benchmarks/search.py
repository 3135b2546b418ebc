"""Which sampler finds good designs with how many trials: studies over a space that is tabulated.

    python benchmarks/search.py                # all networks there are
    python benchmarks/search.py digits_cnn

Every design of the space is evaluated once, without a device, and kept in a file; the trials of a
study are look-ups in it. Needs the extra `explore`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from statistics import mean

import numpy as np
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
BUDGETS = (15, 30, 60)
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
        (Table(name, _COLUMNS, study(name)) for name in names),
        notes=f"Hypervolume of the front found, in per cent of that of the whole space of "
        f"{len(space):,} designs, which were all evaluated: mean of {SEEDS} seeds, and the least. "
        f"Objectives: {', '.join(OBJECTIVES)}; losses are scaled to their range, cycles, "
        "multipliers and bits by their logarithms.",
    )


_COLUMNS = ("sampler", *(f">{budget} trials" for budget in BUDGETS), ">least of the last")


def study(network: str) -> Iterator[tuple[str, ...]]:
    """A row for each sampler."""
    table = tabulated(network)
    goal = Goal(
        space=space_from(SPACE, BuildOptions(), set()),
        objectives=tuple(FIGURES[name] for name in OBJECTIVES),
        constraints=(),
        facts={"network": network},
    )
    losses = dict(zip(table, scaled(table), strict=True))
    everything = np.array(list(losses.values()))
    most = hypervolume(everything[pareto_front(everything)])
    for sampler in SAMPLERS:
        shares = {
            budget: [
                100 * found_volume(goal, table, losses, sampler, seed, budget) / most
                for seed in range(SEEDS)
            ]
            for budget in BUDGETS
        }
        means = (f"{mean(found):.1f}" for found in shares.values())
        yield (sampler, *means, f"{min(shares[BUDGETS[-1]]):.1f}")


def found_volume(
    goal: Goal,
    table: Mapping[str, Mapping[str, float]],
    losses: Mapping[str, np.ndarray],
    sampler: str,
    seed: int,
    budget: int,
) -> float:
    """The hypervolume of what one study finds; a grid is as coarse as its budget allows."""
    if sampler == "grid":
        thinned = goal.space.thinned(budget)
        points = [{**thinned.fixed, **point} for point in thinned.points()]
    else:
        with open_study(None, goal, sampler=sampler, seed=seed, budget=budget) as opened:
            while opened.left:
                number, point = opened.ask()
                outcome = Outcome(figures={Kind.EXACT: table[key_of(point)]})
                opened.tell(number, outcome)
            points = [trial.point for trial in opened.finished]
    found = np.array([losses[key_of(point)] for point in points])
    return hypervolume(found[pareto_front(found)])


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
