"""The whole report in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from . import text
from .costs import render_costs
from .demand import TRAFFIC_COLUMNS, energy_line, external_memory, traffic_rows
from .headline import VERDICT_STYLES
from .named_table import NamedTable
from .structure import BuildReport
from .warnings import QualityWarning, describe_warnings


def render_terminal(report: BuildReport) -> RenderableType:
    """The summary, the layers, and how the hardware is fitted, to be printed with rich."""
    parts = [_summary(report), "", _layers(report)]
    if text.exceeds_all(report):
        parts.append(Text(f"{text.MORE_THAN_ALL}.", style="dim"))
    parts += ["", _fits(report)]
    if report.tables:
        parts += ["", _tables(report)]
    if report.traffic:
        parts += ["", _traffic(report), Text(f"{external_memory(report)}")]
    if report.energy:
        parts.append(Text(f"Energy: {energy_line(report)}."))
    if report.costs:
        parts += ["", render_costs(report.costs)]
    return Group(*parts)


def render_warnings(warnings: Iterable[QualityWarning]) -> RenderableType | None:
    """What there is to warn of, to be printed last; None if there is nothing."""
    texts = describe_warnings(warnings)
    if not texts:
        return None
    return Panel(
        Text("\n".join(texts)),
        title=f"[bold]{text.counted(len(texts), 'warning').upper()}",
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
    grid.add_row("verification", Text(message, style=VERDICT_STYLES[passed]))
    return Panel(grid, title=f"[bold]{report.name}", title_align="left", expand=False)


def _layers(report: BuildReport) -> NamedTable:
    columns = ("operator", "result", "MACs", "cycles", "waiting", "SQNR", "used", "")
    table = NamedTable("layer", columns, left=("operator", ""))
    for layer in report.layers:
        table.add_row(
            layer.name,
            layer.operator,
            text.shape(layer.shape),
            f"{layer.macs:,}" if layer.macs else "-",
            f"{layer.cycles:,}",
            f"{layer.wait:,}" if layer.wait else "-",
            text.decibels(layer.sqnr_db),
            text.utilisation(layer.utilisation) if layer.macs else "-",
            Text("█" * round(layer.utilisation / 12.5), style="cyan"),
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


def _traffic(report: BuildReport) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("memory", no_wrap=True)
    for name in TRAFFIC_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, figures in traffic_rows(report):
        table.add_row(name, *figures)
    return table


def _tables(report: BuildReport) -> NamedTable:
    columns = ("function", "error")
    table = NamedTable("look-up table", columns, left=columns)
    for entry in report.tables:
        table.add_row(entry.name, entry.function, text.table_error(entry))
    return table
