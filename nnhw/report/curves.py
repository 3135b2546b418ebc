"""Curves over epochs, and the page that has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from .templates import render_template

_WIDTH, _HEIGHT = 640, 200
_LEFT, _BOTTOM = 56, 22
"""Room for the figures at the axes."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line.

    Parameters
    ----------
    name
        What it shows.
    points
        (epoch, value), ascending.
    """

    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, kw_only=True)
class _Chart:
    title: str
    legend: tuple[tuple[str, str], ...]
    drawing: Markup


def render_tuning(
    *,
    title: str,
    facts: Mapping[str, str],
    rounds: Sequence[Sequence[str]],
    options: Mapping[str, str],
    warnings: Sequence[str],
    charts: Mapping[str, Sequence[Curve]],
    marked: int,
) -> str:
    """The page of a tuning run, which needs nothing from elsewhere.

    Parameters
    ----------
    facts, options
        Rows of tables.
    rounds
        Rows of a table about pruning, headings first; empty without it.
    charts
        Curves that share their axes, by title.
    marked
        The epoch that was taken.
    """
    drawn = [
        _Chart(
            title=name,
            legend=tuple((f"curve{place}", curve.name) for place, curve in enumerate(curves)),
            drawing=draw_curves(name, curves, marked),
        )
        for name, curves in charts.items()
    ]
    return render_template(
        "tuning",
        title=title,
        facts=facts,
        rounds=rounds,
        options=options,
        warnings=warnings,
        charts=drawn,
    )


def draw_curves(title: str, curves: Sequence[Curve], marked: int) -> Markup:
    """Curves as SVG: axes with the ends of their ranges, and a line at the marked epoch."""
    points = [point for curve in curves for point in curve.points]
    if not points:
        return Markup("")
    last = max(max(epoch for epoch, _ in points), 1)
    lo, hi = min(value for _, value in points), max(value for _, value in points)
    span = hi - lo or 1.0

    def place(epoch: float, value: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 8) * epoch / last
        y = 8 + (_HEIGHT - _BOTTOM - 8) * (1 - (value - lo) / span)
        return f"{x:.1f} {y:.1f}"

    lines = [
        f'<path class="curve{number}" d="M{" L".join(place(*p) for p in curve.points)}">'
        f"<title>{escape(curve.name)}</title></path>"
        for number, curve in enumerate(curves)
        if curve.points
    ]
    texts = [
        f'<text x="{_LEFT - 6}" y="14" text-anchor="end">{hi:.4g}</text>',
        f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">{lo:.4g}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}">epoch 0</text>',
        f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 4}" text-anchor="end">{last}</text>',
    ]
    axes = f'<path class="axis" d="M{place(0, hi)} L{place(0, lo)} L{place(last, lo)}"/>'
    mark = f'<path class="mark" d="M{place(marked, hi)} L{place(marked, lo)}"/>'
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{escape(title)}</title>'
        f"{axes}{mark}{''.join(lines)}{''.join(texts)}</svg>"
    )
