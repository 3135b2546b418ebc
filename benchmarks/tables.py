"""Markdown tables of measurements, with what they were measured on."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import nnhw

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
MODELS = ROOT.parent / "shared" / "models"
"""Folder of real networks and data beside the project; not part of it."""


def write_table(
    path: Path,
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    notes: str = "",
) -> None:
    """Measure and write a table, row by row, so that an interrupted measurement leaves its rows.

    Parameters
    ----------
    path
        Markdown file, replaced.
    columns
        Headings; those that begin with ">" are of numbers, which are aligned to the right.
    rows
        Cells in the order of `columns`; each row is written as soon as it is there.
    notes
        A paragraph above the table.
    """
    heads = [column.removeprefix(">") for column in columns]
    rules = ["---:" if column.startswith(">") else "---" for column in columns]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for line in (f"# {title}", "", provenance(), "", *([notes, ""] if notes else [])):
            print(line, file=file)
        for cells in (heads, rules):
            print(_line(cells), file=file, flush=True)
        for cells in rows:
            print(_line(cells), file=file, flush=True)
            print(_line(cells), flush=True)


def provenance() -> str:
    """The sentence that says what was measured, with what, and where."""
    commit = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--", "nnhw", "sim", "examples")
    return (
        f"Measured at commit {commit}{' with local changes' if changed else ''}, nnhw "
        f"{nnhw.__version__}, Python {platform.python_version()}, {os.cpu_count()} processor cores."
    )


def output_file(description: str, default: str) -> Path:
    """The file that the command line asks for, or `default` in benchmarks/results."""
    parser = argparse.ArgumentParser(description=description)
    results = Path(__file__).parent / "results"
    parser.add_argument("--out", type=Path, default=results / default, help="Markdown file")
    return parser.parse_args().out


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _git(*arguments: str) -> str:
    """Output of a git command; empty where there is no git or no repository."""
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""
