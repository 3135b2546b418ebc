"""Two designs side by side in a terminal: what differs in full, what is equal in a line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from . import text
from .difference import Difference, Figure, Section, Value
from .named_table import NamedTable

_DIGEST = 64
"""Characters of a SHA-256, of which the first few are enough."""


def render_difference(difference: Difference) -> RenderableType:
    """Each section with its figures that differ, then the layers, to be printed with rich."""
    parts: list[RenderableType] = [
        Text(f"A  {difference.a}", style="bold"),
        Text(f"B  {difference.b}", style="bold"),
    ]
    for section in difference.sections:
        if section.differing:
            parts += ["", _section(section)]
    if any(layer.differing for layer in difference.layers):
        parts += ["", _layers(difference.layers)]
    return Group(*parts, "", _equal(difference))


def _section(section: Section) -> Table:
    table = _table(section.name)
    changes = [_change(figure) for figure in section.differing]
    is_text = any(isinstance(figure.a, str) for figure in section.differing)
    for name in ("A", "B"):
        table.add_column(name, justify="left" if is_text else "right", overflow="fold")
    if any(changes):
        table.add_column("change", justify="right", no_wrap=True)
    for figure, change in zip(section.differing, changes, strict=True):
        table.add_row(
            Text(figure.name),
            Text(_value(figure.a, figure.unit)),
            Text(_value(figure.b, figure.unit), style="bold"),
            *([change] if any(changes) else []),
        )
    return table


def _layers(layers: Sequence[Section]) -> RenderableType:
    """Cycles and SQNR of the layers that differ, then in what else they do."""
    columns = ("cycles A", "cycles B", "change", "SQNR A", "SQNR B")
    table = NamedTable("layer", columns)
    details = NamedTable("in these layers", ("", "A", "B"), left=("", "A", "B"))
    has_details = False
    for layer in layers:
        if not layer.differing:
            continue
        figures = {figure.name: figure for figure in layer.figures}
        cycles, ratio = figures.pop("cycles"), figures.pop("SQNR")
        table.add_row(
            layer.name,
            _value(cycles.a, ""),
            Text(_value(cycles.b, ""), style="bold" if cycles.differs else ""),
            f"only in {layer.only_in.upper()}" if layer.only_in else _change(cycles),
            _value(ratio.a, "dB"),
            Text(_value(ratio.b, "dB"), style="bold" if ratio.differs else ""),
        )
        for figure in figures.values():
            if figure.differs and not layer.only_in:
                has_details = True
                b = Text(_value(figure.b, figure.unit), style="bold")
                details.add_row(layer.name, figure.name, _value(figure.a, figure.unit), b)
    return Group(table, "", details) if has_details else table


def _table(title: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(title, overflow="fold")
    return table


def _equal(difference: Difference) -> Text:
    """One line for all that is equal."""
    every = (*difference.sections, *difference.layers)
    count = sum(len(section.figures) - len(section.differing) for section in every)
    if not any(section.differing for section in every):
        return Text(f"Equal in all {count} figures", style="bold")
    sections = [s.name for s in difference.sections if s.figures and not s.differing]
    layers = [layer for layer in difference.layers if not layer.differing]
    if len(layers) == len(difference.layers):
        sections.append("all layers")
    elif layers:
        sections.append(f"{len(layers)} of {len(difference.layers)} layers")
    return Text(f"Equal: {', '.join([*sections, f'{count} figures in all'])}", style="dim")


def _value(value: Value, unit: str) -> str:
    """A figure with its unit, as the report writes it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return f"{value[:12]}…" if len(value) == _DIGEST and value.isalnum() else value
    if unit == "%":
        return text.percent(value)
    if unit == "dB":
        return text.decibels(value)
    if unit == "bits" and isinstance(value, int):
        return text.bits(value)
    digits = f"{value:,.0f}" if isinstance(value, int) or value >= 1000 else f"{value:.4g}"
    return f"{digits} {unit}".strip()


def _change(figure: Figure) -> Text:
    """By how much b is more than a: green where that is better, red where it is worse.

    Of figures of which neither more nor less is better, and of texts, there is nothing to say.
    """
    a, b = figure.a, figure.b
    if not (figure.better and isinstance(a, int | float) and isinstance(b, int | float) and a != b):
        return Text("")
    if figure.unit == "dB":
        change = f"{b - a:+.1f} dB"
    elif figure.unit == "%":
        change = f"{b - a:+.2f} points"
    elif a == 0:
        change = "from none"
    else:
        change = f"{100 * (b - a) / a:+,.1f}%"
    improved = b < a if figure.better == "less" else b > a
    return Text(change, style="green" if improved else "red")
