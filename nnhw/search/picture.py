"""The pictures of a search as a PNG file, by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .drawn import axis_label, clouds, importance_rows, mattering, progress_of
from .result import ExploreResult, SearchResult

_BLUE, _GREY, _RED = "#1769aa", "#7b8794", "#d1495b"


def draw_png(result: ExploreResult, title: str) -> bytes:
    """Pareto front, what matters, and parallel coordinates, one below the other."""
    return _drawn(result, title, lambda axes: _draw_front(axes, result))


def draw_trials_png(result: SearchResult, title: str) -> bytes:
    """The trials of one objective, what matters, and parallel coordinates."""
    return _drawn(result, title, lambda axes: _draw_progress(axes, result))


def _drawn(result: SearchResult, title: str, draw_first: Callable[[Any], None]) -> bytes:
    figure = Figure(figsize=(9, 14), layout="constrained")
    figure.suptitle(title)
    first, importance, parallel = figure.subplots(3, 1)
    draw_first(first)
    _draw_importance(importance, result)
    _draw_parallel(parallel, result)
    return png(figure)


def png(figure: Figure) -> bytes:
    """A picture as a file, the same bytes for the same picture."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": "nnhw"})
    return file.getvalue()


def _draw_progress(axes: Any, result: SearchResult) -> None:
    axes.set_title("Trials")
    points, best = progress_of(result)
    if points:
        axes.scatter(*zip(*points, strict=True), color=_GREY, label="a trial")
        axes.step(*zip(*best, strict=True), where="post", color=_BLUE, label="the best so far")
        axes.legend(fontsize="small")
    axes.set_xlabel("trial")
    axes.set_ylabel(result.objectives[0].label)


def _draw_front(axes: Any, result: ExploreResult) -> None:
    axes.set_title("Pareto front")
    labels = [axis_label(result, figure) for figure in result.objectives]
    second = min(1, len(labels) - 1)
    missed, others, front = clouds(result)
    for cloud, marker, colour in ((missed, "x", _GREY), (others, ".", _GREY), (front, "o", _BLUE)):
        values = np.array([t.values for t in cloud.trials], float).reshape(-1, len(labels))
        shade: Any = {"color": colour}
        if cloud is front and len(labels) > 2 and len(values):
            shade = {"c": values[:, 2], "cmap": "viridis"}
        x, y = values[:, 0], values[:, second]
        drawn = axes.scatter(x, y, marker=marker, label=cloud.name, **shade)
        if "c" in shade:
            axes.figure.colorbar(drawn, ax=axes, label=labels[2])
    base = [result.baseline_value(each.name) for each in result.objectives]
    axes.scatter(base[:1], [base[second]], marker="*", s=120, color=_RED, label="as in a build")
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[second])
    axes.legend(fontsize="small")


def _draw_importance(axes: Any, result: SearchResult) -> None:
    axes.set_title("What matters, in per cent by objective")
    rows = importance_rows(result)
    if not rows:
        axes.text(0.5, 0.5, "too few trials to tell", ha="center")
    for place, (name, shares) in enumerate(rows.items()):
        places = np.arange(len(shares)) + place * 0.8 / len(rows)
        axes.barh(places, list(shares.values()), 0.8 / len(rows), label=name)
        axes.set_yticks(np.arange(len(shares)), list(shares))
    if rows:
        axes.invert_yaxis()
        axes.legend(fontsize="small")


def _draw_parallel(axes: Any, result: SearchResult) -> None:
    axes.set_title("Parallel coordinates")
    trials = [trial for trial in result.trials if trial.values is not None]
    values = {p.name: list(p.values) for p in result.goal.space.parameters}
    names = mattering(result)
    on_front = {trial.number for trial in result.front}
    found = np.array([trial.values for trial in trials], float).reshape(-1, len(result.objectives))
    low, high = (found.min(0), found.max(0)) if len(found) else (0, 1)
    shares = (found - low) / np.where(high > low, high - low, 1)
    rows = sorted(zip(trials, shares, strict=True), key=lambda row: row[0].number in on_front)
    for trial, own in rows:
        heights = [values[n].index(trial.point[n]) / (len(values[n]) - 1) for n in names]
        colour, alpha = (_BLUE, 0.9) if trial.number in on_front else (_GREY, 0.2)
        axes.plot([*heights, *own], color=colour, alpha=alpha)
    labels = [*names, *(figure.title for figure in result.objectives)]
    axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
    axes.set_yticks([0, 1], ["first, least", "last, most"])
