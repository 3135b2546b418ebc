"""Pictures of pages, by plotly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from ..report import Picture
from .drawn import importance_rows, mattering, progress_of
from .result import SearchResult

BLUE, GREY, RED = "#1769aa", "#7b8794", "#d1495b"
_COLOURS = (BLUE, "#2a9d8f", "#c9701c", "#8e6bbf", RED, GREY)
LAYOUT: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "size": 13},
    "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
    "legend": {"orientation": "h", "y": -0.22},
}
_CONFIG = {"displayModeBar": False, "responsive": True}


def plotly_script() -> Markup:
    """What a page needs once to draw the pictures."""
    return Markup(get_plotlyjs())


def picture_of_progress(result: SearchResult) -> Picture:
    """Trials of one objective in their order."""
    points, best = progress_of(result)
    figure = go.Figure(layout=LAYOUT)
    for name, some, settings in (
        ("a trial", points, {"mode": "markers", "marker": {"color": GREY}}),
        ("the best so far", best, {"mode": "lines", "line": {"color": BLUE, "shape": "hv"}}),
    ):
        x, y = ([point[axis] for point in some] for axis in (0, 1))
        figure.add_scatter(x=x, y=y, name=name, **settings)
    figure.update_layout(xaxis_title="trial", yaxis_title=result.objectives[0].label)
    return Picture(
        title="Trials",
        text="In their order; those that were stopped early are not shown.",
        drawing=as_html(figure, "progress", 380),
    )


def pictures_of_parameters(result: SearchResult, thing: str) -> Iterator[Picture]:
    """What matters, and parallel coordinates; a line is a `thing`."""
    if result.importances:
        yield Picture(
            title="What matters",
            text="How much each option has to do with being among the best tenth, in per cent "
            "by objective (PED-ANOVA).",
            drawing=as_html(_importance(result), "importance", 380),
        )
    if any(trial.values is not None for trial in result.trials):
        yield Picture(
            title="Parallel coordinates",
            text=f"Every line is a {thing}; drag along an axis to choose some of them. The "
            "options that matter most, and the objectives.",
            drawing=as_html(_parallel(result), "parallel", 420, least_width=760),
        )


def as_html(figure: go.Figure, name: str, height: int, least_width: int = 0) -> Markup:
    """A picture for a page, so many pixels high."""
    figure.update_layout(height=height)
    drawing = to_html(
        figure, config=_CONFIG, include_plotlyjs=False, full_html=False, div_id=f"drawing-{name}"
    )
    return Markup(f'<div style="min-width: {least_width}px">{drawing}</div>')


def _importance(result: SearchResult) -> go.Figure:
    figure = go.Figure(layout=LAYOUT)
    for place, (name, shares) in enumerate(importance_rows(result).items()):
        parameters = list(shares)[::-1]
        figure.add_bar(
            y=parameters,
            x=[shares[parameter] for parameter in parameters],
            orientation="h",
            name=name,
            marker_color=_COLOURS[place % len(_COLOURS)],
        )
    return figure.update_layout(xaxis_title="per cent", margin_l=110)


def _parallel(result: SearchResult) -> go.Figure:
    trials = [trial for trial in result.trials if trial.values is not None]
    values = {p.name: list(p.values) for p in result.goal.space.parameters}
    dimensions: list[dict[str, Any]] = []
    for name in mattering(result):
        ordered = values[name]
        dimensions.append(
            {
                "label": name,
                "values": [ordered.index(trial.point[name]) for trial in trials],
                "tickvals": list(range(len(ordered))),
                "ticktext": [str(value) for value in ordered],
                "range": [0, len(ordered) - 1],
            }
        )
    for place, figure in enumerate(result.objectives):
        dimensions.append(
            {
                "label": figure.label,
                "values": [trial.values[place] for trial in trials if trial.values],
            }
        )
    on_front = {trial.number for trial in result.front}
    lines = go.Parcoords(
        dimensions=dimensions,
        line={
            "color": [float(trial.number in on_front) for trial in trials],
            "colorscale": [[0, "rgba(123,135,148,0.5)"], [1, BLUE]],
            "cmin": 0,
            "cmax": 1,
        },
        labelangle=-20,
        tickfont={"size": 12},
    )
    return go.Figure(lines, layout={**LAYOUT, "margin": {"l": 60, "r": 60, "t": 90, "b": 20}})
