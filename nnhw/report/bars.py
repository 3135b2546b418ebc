"""Bars as SVG that stretches to any width; what is to be read stands beside it, as text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 1000, 16
"""Of the coordinates of a bar, whatever its size on the page is."""


def bar(css_class: str, start: float, end: float, *, top: float = 1, height: float = 14) -> str:
    """A rectangle from `start` to `end`, shares of the width; the CSS class gives its colour."""
    left, right = (min(max(share, 0.0), 1.0) * WIDTH for share in (start, end))
    return (
        f'<rect class="{css_class}" x="{left:.1f}" y="{top:g}" width="{right - left:.1f}" '
        f'height="{height:g}"/>'
    )


def line(css_class: str, place: float) -> str:
    """A line from top to bottom at a share of the width."""
    x = place * WIDTH
    return f'<path class="{css_class}" d="M{x:.1f} 0V{HEIGHT}" vector-effect="non-scaling-stroke"/>'


def drawing(title: str, elements: Iterable[str]) -> Markup:
    """The <svg> of one row.

    Parameters
    ----------
    title
        What it shows, for screen readers and on hover.
    elements
        Of the functions above.
    """
    return Markup(
        f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img">'
        f"<title>{escape(title)}</title>{''.join(elements)}</svg>"
    )
