"""The outcome of a simulation in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..simulate import SimulationResult
from . import text


def render_simulation(result: SimulationResult) -> RenderableType:
    """Verdict, measured against predicted cycles, and where to look if it failed."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right")
    grid.add_column()
    seconds = f"{result.run_seconds:.1f} s"
    if result.processes > 1:
        seconds += f" by {result.processes} processes"
    compiled = f", compiled in {result.build_seconds:.1f} s" if result.compiled else ""
    for name, figure in (
        ("simulator", f"{result.simulator} {result.version}"),
        (
            "simulated",
            f"{text.counted(result.frames, 'frame')}, {text.counted(result.cycles, 'cycle')} in "
            f"{seconds}{compiled}",
        ),
        ("latency", _cycles(result.latency_cycles, result.expected_latency_cycles)),
        ("interval", _cycles(result.interval_cycles, result.expected_interval_cycles)),
        ("Verilog", text.edited_files(result.edited) if result.edited else ""),
        ("log", str(result.log)),
        ("waves", str(result.waves or "")),
    ):
        if figure:
            grid.add_row(name, Text(figure, overflow="fold"))
    if result.passed:
        verdict = Text("PASS: hardware equals the golden model, bit for bit", style="bold green")
        return Group(verdict, grid)
    verdict = Text("FAIL: hardware differs from the golden model", style="bold red")
    return Group(verdict, *(Text(f"  {line}") for line in result.failures), grid)


def _cycles(measured: int | None, expected: int) -> str:
    if measured is None:
        return f"not measured ({text.counted(expected, 'cycle')} expected)"
    if measured != expected:
        return f"{text.counted(measured, 'cycle')}, but {expected:,} expected"
    return f"{text.counted(measured, 'cycle')}, as predicted"
