"""The report in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from . import text
from .costs import render_costs
from .structure import BuildReport
from .warnings import QualityWarning, describe_warnings


def render_terminal(report: BuildReport) -> RenderableType:
    """The summary, the layers, and how the hardware is fitted, to be printed with rich."""
    parts = [_summary(report), "", _layers(report), "", _fits(report)]
    if report.tables:
        parts += ["", _tables(report)]
    if report.costs:
        parts += ["", render_costs(report.costs)]
    return Group(*parts)


def render_warnings(warnings: Iterable[QualityWarning]) -> RenderableType | None:
    """What there is to warn of, to be printed last; None if there is nothing."""
    texts = describe_warnings(warnings)
    if not texts:
        return None
    plural = "" if len(texts) == 1 else "s"
    return Panel(
        Text("\n\n".join(texts)),
        title=f"[bold]{len(texts)} WARNING{plural}",
        title_align="left",
        border_style="bold yellow",
    )


def _summary(report: BuildReport) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right")
    grid.add_column()
    for name, figure in text.summary_rows(report):
        grid.add_row(name, Text(figure))  # a Text, since names may look like rich's markup
    message, passed = text.verdict(report)
    style = {True: "bold green", False: "bold red", None: "yellow"}[passed]
    grid.add_row("verification", Text(message, style=style))
    return Panel(grid, title=f"[bold]{report.name}", title_align="left", expand=False)


def _layers(report: BuildReport) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("layer", min_width=12)  # what gives way in a narrow terminal
    table.add_column("operator", no_wrap=True)
    for name in ("result", "MACs", "cycles", "waiting", "SQNR", "used"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="crop")
    names = text.without_common_folder([layer.name for layer in report.layers])
    for layer, name in zip(report.layers, names, strict=True):
        table.add_row(
            Text(text.shorten(name), no_wrap=True, overflow="ellipsis"),
            layer.operator,
            text.shape(layer.shape),
            f"{layer.macs:,}" if layer.macs else "-",
            f"{layer.cycles:,}",
            f"{layer.wait:,}" if layer.wait else "-",
            text.decibels(layer.sqnr_db),
            f"{layer.utilisation:.1f}%" if layer.macs else "-",
            Text("█" * round(layer.utilisation / 12.5), style="cyan", no_wrap=True),
        )
    return table


def _fits(report: BuildReport) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("fitted to the network", no_wrap=True)
    for name in ("kept", "left out", "saved"):
        table.add_column(name)
    for fit in report.fits:
        table.add_row(fit.name, fit.kept, fit.left_out, fit.saved)
    return table


def _tables(report: BuildReport) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("look-up table", "function", "error"):
        table.add_column(name)
    names = text.without_common_folder([entry.name for entry in report.tables])
    for entry, name in zip(report.tables, names, strict=True):
        table.add_row(Text(text.shorten(name)), Text(entry.function), text.table_error(entry))
    return table
