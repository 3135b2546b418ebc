"""What synthesis found out: in a terminal, and in the report of the design."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..errors import ToolError
from ..options import Effort
from ..synth import AsicResult, SynthesisResult, Usage, load_results
from . import text
from .asic import asic_rows
from .templates import render_template

BEGIN, END = "<!-- synthesis -->", "<!-- end of synthesis -->"
"""Where the section is in the pages; `nnhw build` leaves it empty."""
_PAGES = ("report.html", "datasheet.html")


def render_synthesis(result: SynthesisResult | AsicResult) -> RenderableType:
    """One result, to be printed with rich."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", justify="right")
    facts.add_column()
    for name, figure in synthesis_rows(result):
        facts.add_row(name, Text(figure))
    title = f"[bold]{result.design}[/bold] on {result.target}"
    content = facts if isinstance(result, AsicResult) else Group(_occupied(result), "", facts)
    return Panel(content, title=title, title_align="left", expand=False)


def _occupied(result: SynthesisResult) -> Table:
    """What a design occupies of a device."""
    occupied = Table.grid(padding=(0, 2))
    occupied.add_column(style="dim", justify="right")
    occupied.add_column(justify="right")
    occupied.add_column(justify="right", style="dim")
    occupied.add_column(justify="right")
    for usage in result.usage:
        share = Text("-" if usage.percent is None else f"{usage.percent:.1f}%")
        if not usage.fits:
            share.stylize("bold red")
        available = "" if usage.available is None else f"of {usage.available:,}"
        occupied.add_row(usage.resource, f"{usage.used:,}", available, share)
    return occupied


def synthesis_rows(result: SynthesisResult | AsicResult) -> list[tuple[str, str]]:
    """A result's figures except the resources that it occupies of a device, as (name, figure)."""
    rows = asic_rows(result) if isinstance(result, AsicResult) else _device_rows(result)
    check = result.simulation
    if check is not None:
        frames = f"{check.frames} frame{'s' if check.frames > 1 else ''} in {check.simulator}"
        if check.passed:
            verdict = f"PASS: netlist equals the golden model, bit for bit ({frames})"
        else:
            verdict = f"FAIL: {check.failures[0]} ({frames})"
        rows.append(("netlist", verdict))
    rows += [("figures", remark) for remark in result.remarks]
    if result.edited:
        rows.append(("edited", text.edited_files(result.edited)))
    rows.append(("made with", ", ".join(f"{name} {value}" for name, value in result.tools.items())))
    return rows


def _device_rows(result: SynthesisResult) -> list[tuple[str, str]]:
    """What is known about a design on a device."""
    rows = [("device", result.description)]
    if not result.fits:
        rows.append(("fits", "NO"))
        rows += [("", line) for line in result.advice]
    speed = result.speed
    if speed is not None:
        grade = f", speed grade {speed.speed_grade}" if speed.speed_grade else ""
        rows.append(("clock", f"{speed.fmax_mhz:.1f} MHz at most{grade}"))
        if len(speed.seeds) > 1:
            which = "best" if speed.effort is Effort.HIGH else "median"
            slowest, fastest = min(speed.seeds.values()), max(speed.seeds.values())
            rows.append(
                (
                    "",
                    f"{which} of {len(speed.seeds)} placements, "
                    f"which have {slowest:.1f} to {fastest:.1f} MHz",
                )
            )
        if speed.failed_seeds:
            numbers = ", ".join(map(str, speed.failed_seeds))
            rows.append(("", f"nextpnr could not route seed {numbers}: see logs/"))
        rows += [
            ("latency", f"{speed.latency_us:,.1f} µs a frame"),
            ("speed", f"{speed.frames_per_second:,.0f} frames a second"),
        ]
        if speed.path is not None:
            path = speed.path
            rows += [
                ("critical path", " → ".join(text.shorten(name, 48) for name in path.signals)),
                (
                    "",
                    f"{path.logic_ns:.1f} ns in {path.levels} cells, "
                    f"{path.routing_ns:.1f} ns between them",
                ),
            ]
    return rows


def add_synthesis(design_dir: str | PathLike[str]) -> None:
    """Bring report.json, report.html and datasheet.html of a design up to date with its results.

    report.json gets the key "synthesis", a list of all results; the pages a section. A design that
    has no report is left alone.

    Raises
    ------
    ToolError
        If a result or the report is damaged, or the report cannot be written.
    """
    folder = Path(design_dir)
    results = load_results(folder)
    data = folder / "report.json"
    try:
        if data.is_file():
            report = json.loads(data.read_text(encoding="utf-8"))
            report["synthesis"] = [asdict(result) for result in results]
            _replace(data, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        for page in (folder / name for name in _PAGES if (folder / name).is_file()):
            before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
            _, end, after = rest.partition(END)
            if begin and end:
                _replace(page, f"{before}{BEGIN}\n{_section(results)}{END}{after}")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ToolError(
            f"The results cannot be added to the report in '{folder}' ({error}); build the design "
            "again"
        ) from None


def _section(results: Sequence[SynthesisResult | AsicResult]) -> str:
    return render_template(
        "synthesis", results=results, rows=synthesis_rows, usages=_usages, used=_used
    )


def _usages(result: SynthesisResult | AsicResult) -> tuple[Usage, ...]:
    return () if isinstance(result, AsicResult) else result.usage


def _used(usage: Usage) -> str:
    if usage.available is None:
        return f"{usage.used:,}"
    return f"{usage.used:,} of {usage.available:,} ({usage.percent:.1f}%)"


def _replace(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(content, encoding="utf-8")
    os.replace(partial, path)
