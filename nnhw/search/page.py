"""The page of a search: pictures by plotly, which need nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from ..report import Found, Picture, render_exploration
from .drawn import (
    array_and_bits,
    axis_label,
    clouds,
    importance_rows,
    mattering,
    number_text,
)
from .figures import FIGURES
from .goal import Trial
from .result import ExploreResult
from .table import build_command

_BLUE, _GREY, _RED, _ORANGE = "#1769aa", "#7b8794", "#d1495b", "#c9701c"
_COLOURS = (_BLUE, "#2a9d8f", _ORANGE, "#8e6bbf", _RED, _GREY)
_LAYOUT: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "size": 13},
    "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
    "legend": {"orientation": "h", "y": -0.22},
}
_CONFIG = {"displayModeBar": False, "responsive": True}


def render_page(result: ExploreResult, title: str) -> str:
    """The whole page."""
    objectives = [axis_label(result, figure) for figure in result.objectives]
    base = [number_text(result.baseline_value(figure.name)) for figure in result.objectives]
    command = build_command(result.base, result.model, result.data)
    found = [Found(cells=("as in a build", *base, "", ""), command=command)]
    found += [
        Found(
            cells=(
                f"trial {trial.number}",
                *map(number_text, trial.values or ()),
                *array_and_bits(result.options(trial)),
            ),
            command=result.command(trial),
        )
        for trial in result.front
    ]
    return render_exploration(
        title=title,
        facts=_facts(result),
        remarks=result.remarks,
        columns=("design", *objectives, "array", "bits"),
        found=found,
        pictures=_pictures(result),
        space={
            name: ", ".join(str(value) for value in values)
            for name, values in result.goal.space.to_dict().items()
        },
        script=Markup(get_plotlyjs()),
    )


def _facts(result: ExploreResult) -> dict[str, str]:
    refused, missed, feasible = result.counts
    return {
        "model": result.model,
        "data": result.data or "none",
        "objectives": ", ".join(axis_label(result, figure) for figure in result.objectives),
        "constraints": ", ".join(map(str, result.goal.constraints)) or "none",
        "trials": f"{len(result.trials):,}, of {len(result.goal.space):,} designs there are",
        "of these": f"{refused:,} cannot be built, {missed:,} miss a constraint, {feasible:,} do "
        "not",
        "processor time": f"{sum(trial.outcome.seconds for trial in result.trials):,.0f} s, all "
        "workers together",
    }


def _pictures(result: ExploreResult) -> Sequence[Picture]:
    pictures = []
    if len(result.objectives) > 1:
        pictures.append(
            Picture(
                title="Pareto front",
                text="Every mark is a design; its options are shown where it is touched. The star "
                "is what a build chooses by itself.",
                drawing=_html(_front(result), "front", 460),
            )
        )
    if result.importances:
        pictures.append(
            Picture(
                title="What matters",
                text="How much each option has to do with being among the best tenth, in per cent "
                "by objective (PED-ANOVA).",
                drawing=_html(_importance(result), "importance", 380),
            )
        )
    if any(trial.values is not None for trial in result.trials):
        pictures.append(
            Picture(
                title="Parallel coordinates",
                text="Every line is a design; drag along an axis to choose some of them. The "
                "options that matter most, and the objectives.",
                drawing=_html(_parallel(result), "parallel", 420, least_width=760),
            )
        )
    return pictures


def _html(figure: go.Figure, name: str, height: int, least_width: int = 0) -> Markup:
    figure.update_layout(height=height)
    drawing = to_html(
        figure, config=_CONFIG, include_plotlyjs=False, full_html=False, div_id=f"drawing-{name}"
    )
    return Markup(f'<div style="min-width: {least_width}px">{drawing}</div>')


def _front(result: ExploreResult) -> go.Figure:
    x, y = (axis_label(result, figure) for figure in result.objectives[:2])
    figure = go.Figure(layout=_LAYOUT)
    missed, others, front = clouds(result)
    styles = (
        (missed, {"color": _GREY, "symbol": "x-thin", "size": 7, "line": {"width": 1}}),
        (others, {"color": _GREY, "size": 7, "opacity": 0.6}),
        (front, {"color": _BLUE, "size": 10, **_third(result)}),
    )
    for cloud, marker in styles:
        figure.add_scatter(
            x=[trial.values[0] for trial in cloud.trials if trial.values],
            y=[trial.values[1] for trial in cloud.trials if trial.values],
            mode="markers",
            name=cloud.name,
            marker=marker,
            text=[_hover(result, trial) for trial in cloud.trials],
            hovertemplate="%{text}<extra></extra>",
        )
    base = [result.baseline_value(each.name) for each in result.objectives]
    figure.add_scatter(
        x=base[:1],
        y=base[1:2],
        mode="markers",
        name="as in a build",
        marker={"symbol": "star", "size": 14, "color": _RED},
        hovertemplate=f"as in a build<br>{'<br>'.join(_told(result, base))}<extra></extra>",
    )
    return figure.update_layout(xaxis_title=x, yaxis_title=y, hovermode="closest")


def _third(result: ExploreResult) -> dict[str, Any]:
    """The third objective as colour, if there is one."""
    if len(result.objectives) < 3 or not result.front:
        return {}
    return {
        "color": [trial.values[2] for trial in result.front if trial.values],
        "colorscale": "Viridis",
        "line": {"width": 1, "color": _GREY},
        "colorbar": {"title": {"text": axis_label(result, result.objectives[2]), "side": "right"}},
    }


def _hover(result: ExploreResult, trial: Trial) -> str:
    options = ", ".join(f"{name} {value}" for name, value in trial.point.items())
    lines = [options[start : start + 60] for start in range(0, len(options), 60)]
    missed = [f"not {name}" for name in trial.violations]
    told = _told(result, trial.values or ())
    return "<br>".join([f"trial {trial.number}", *told, *missed, *lines])


def _told(result: ExploreResult, values: Sequence[float]) -> list[str]:
    return [
        f"{figure.title} {number_text(value)} {figure.unit}".strip()
        for figure, value in zip(result.objectives, values, strict=True)
    ]


def _importance(result: ExploreResult) -> go.Figure:
    figure = go.Figure(layout=_LAYOUT)
    for place, (name, shares) in enumerate(importance_rows(result).items()):
        parameters = list(shares)[::-1]
        figure.add_bar(
            y=parameters,
            x=[shares[parameter] for parameter in parameters],
            orientation="h",
            name=FIGURES[name].title,
            marker_color=_COLOURS[place % len(_COLOURS)],
        )
    return figure.update_layout(xaxis_title="per cent", margin_l=110)


def _parallel(result: ExploreResult) -> go.Figure:
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
            "colorscale": [[0, "rgba(123,135,148,0.5)"], [1, _BLUE]],
            "cmin": 0,
            "cmax": 1,
        },
        labelangle=-20,
        tickfont={"size": 12},
    )
    return go.Figure(lines, layout={**_LAYOUT, "margin": {"l": 60, "r": 60, "t": 90, "b": 20}})
