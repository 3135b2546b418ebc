"""The page of a search: pictures by plotly, which need nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ..report import Found, Picture, render_exploration
from .drawn import array_and_bits, axis_label, clouds, number_text
from .goal import Trial
from .plots import (
    BLUE,
    GREY,
    LAYOUT,
    RED,
    as_html,
    pictures_of_parameters,
    plotly_script,
)
from .result import ExploreResult
from .table import build_command


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
        heading="Designs",
        caption="No other design of the search is better in everything; the first one is what a "
        "build chooses by itself. Below each, the command that builds it",
        columns=("design", *objectives, "array", "bits"),
        found=found,
        pictures=_pictures(result),
        space={
            name: ", ".join(str(value) for value in values)
            for name, values in result.goal.space.to_dict().items()
        },
        script=plotly_script(),
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
    pictures: list[Picture] = []
    if len(result.objectives) > 1:
        pictures.append(
            Picture(
                title="Pareto front",
                text="Every mark is a design; its options are shown where it is touched. The star "
                "is what a build chooses by itself.",
                drawing=as_html(_front(result), "front", 460),
            )
        )
    pictures += pictures_of_parameters(result, "design")
    return pictures


def _front(result: ExploreResult) -> go.Figure:
    x, y = (axis_label(result, figure) for figure in result.objectives[:2])
    figure = go.Figure(layout=LAYOUT)
    missed, others, front = clouds(result)
    styles = (
        (missed, {"color": GREY, "symbol": "x-thin", "size": 7, "line": {"width": 1}}),
        (others, {"color": GREY, "size": 7, "opacity": 0.6}),
        (front, {"color": BLUE, "size": 10, **_third(result)}),
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
        marker={"symbol": "star", "size": 14, "color": RED},
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
        "line": {"width": 1, "color": GREY},
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
