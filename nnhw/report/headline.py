"""What matters first about a design, in a terminal of 80 columns and 25 lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from os import PathLike

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from . import text
from .structure import Accuracy, BuildReport

VERDICT_STYLES = {True: "bold green", False: "bold red", None: "yellow"}


def render_headline(
    report: BuildReport, *, folder: str, data: str | PathLike[str] | None = None
) -> RenderableType:
    """Accuracy, speed, size, verification, and what to do next, to be printed with rich.

    Parameters
    ----------
    folder
        Where the design is.
    data
        Where the samples are that it was made with, if there were any.
    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, figure in headline_rows(report):
        grid.add_row(name, Text(figure))  # a Text, since names may look like rich's markup
    message, passed = text.verdict(report)
    grid.add_row("verification", Text(message, style=VERDICT_STYLES[passed]))
    title = Text(report.name, style="bold")
    return Group(title, grid, "", *_next_lines(report, folder, data))


def headline_rows(report: BuildReport) -> list[tuple[str, str]]:
    """The figures by which a design is judged first, as (name, figure)."""
    memory = text.bits(sum(report.memory_bits.values()))
    size = (
        f"{report.mac_units} multipliers ({report.rows} x {report.cols}), "
        f"{text.utilisation(report.utilisation)} in use"
    )
    rows = [
        ("network", f"{report.macs:,} MACs, {report.weights:,} weights"),
        *text.calibration_rows(report.source.calibration_samples),
        *(_accuracy_rows(report.accuracy) if report.accuracy else ()),
        ("speed", text.speed(report)),
        *text.goal_rows(report),
        ("size", f"{size}; {memory} of memory"),
    ]
    if report.utilisation > 100:
        rows.append(("", text.MORE_THAN_ALL))
    if report.device is not None:
        rows += text.device_rows(report.device)
        rows += text.estimate_rows(report)
    return rows


def _accuracy_rows(accuracy: Accuracy) -> Iterator[tuple[str, str]]:
    samples = text.counted(accuracy.samples, "sample")
    if not accuracy.held_out:
        samples += ", also used for calibration"
    if accuracy.float_top1 is not None:
        integer, exact = text.percent(accuracy.integer_top1), text.percent(accuracy.float_top1)
        yield "accuracy", f"{integer} top-1, float {exact} ({samples})"
    for metric in accuracy.metrics:
        figures = f"{text.number(metric.integer)}, float {text.number(metric.reference)}"
        yield metric.name, figures
    if accuracy.remark:
        yield "labels", accuracy.remark
    parts = []
    if accuracy.sqnr_db is not None:
        parts.append(f"{text.decibels(accuracy.sqnr_db)} SQNR")
    if accuracy.agreement is not None:
        parts.append(f"same answer as float for {text.percent(accuracy.agreement)}")
    if accuracy.float_top1 is None and parts:
        parts[-1] += f" ({samples})"
    if parts:
        yield "precision", "; ".join(parts)


def _next_lines(
    report: BuildReport, folder: str, data: str | PathLike[str] | None
) -> Iterator[Text]:
    """The next command, and where everything else is."""
    where = shlex.quote(folder)
    if report.verification is None:
        command = f"nnhw sim {where}"
    else:
        command = f"nnhw run {where} --data {shlex.quote(str(data or 'samples.npz'))}"
    yield _unbroken(Text.assemble(("next    ", "dim"), command))
    yield _unbroken(Text.assemble(("report  ", "dim"), f"{folder}/report.html, or --verbose"))


def _unbroken(line: Text) -> Text:
    """A line that can be copied whole."""
    line.no_wrap, line.overflow = True, "ignore"
    return line
