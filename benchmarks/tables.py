"""Markdown tables of measurements, with what they were measured on."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

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
    at: str = "",
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
    at
        See `provenance`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        _write_paragraphs(file, f"# {title}", provenance(at), notes)
        _write_rows(file, columns, rows)


@dataclass(frozen=True)
class Table:
    """One of several tables in a file; the fields are what `write_table` takes."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]
    notes: str = ""


def write_tables(
    path: Path, title: str, tables: Iterable[Table], *, notes: str = "", at: str = ""
) -> None:
    """Like `write_table`, with several tables one after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        _write_paragraphs(file, f"# {title}", provenance(at), notes)
        for table in tables:
            _write_paragraphs(file, f"## {table.title}", table.notes)
            _write_rows(file, table.columns, table.rows)
            print(file=file)


def _write_paragraphs(file: TextIO, *paragraphs: str) -> None:
    for paragraph in filter(None, paragraphs):
        print(f"{paragraph}\n", file=file, flush=True)


def _write_rows(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    heads = [column.removeprefix(">") for column in columns]
    rules = ["---:" if column.startswith(">") else "---" for column in columns]
    for cells in (heads, rules):
        print(_line(cells), file=file, flush=True)
    for cells in rows:
        print(_line(cells), file=file, flush=True)
        print(_line(cells), flush=True)


def provenance(at: str = "") -> str:
    """The sentence that says what was measured, with what, and where.

    Parameters
    ----------
    at
        Which commits the measurements are of; the present one unless given.
    """
    return (
        f"Measured at {at or f'commit {commit()}'}, nnhw {nnhw.__version__}, "
        f"Python {platform.python_version()}, {os.cpu_count()} processor cores."
    )


def commit() -> str:
    """The last commit that changed what is measured, and whether there are changes since."""
    found = _git("log", "-1", "--abbrev=12", "--format=%h", "--", *_MEASURED) or "unknown"
    changed = _git("status", "--porcelain", "--", *_MEASURED)
    return f"{found} with local changes" if changed else found


_MEASURED = ("nnhw", "sim", "examples")


def processor_seconds() -> float:
    """Processor time of this process up to now, and of all its child processes that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def output_file(description: str, default: str) -> Path:
    """The file that the command line asks for, or `default` in benchmarks/results."""
    return argument_parser(description, default).parse_args().out


def argument_parser(description: str, default: str) -> argparse.ArgumentParser:
    """A command line with the option --out: `default` in benchmarks/results unless given."""
    parser = argparse.ArgumentParser(description=description)
    results = Path(__file__).parent / "results"
    parser.add_argument("--out", type=Path, default=results / default, help="Markdown file")
    return parser


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _git(*arguments: str) -> str:
    """Output of a git command; empty where there is no git or no repository."""
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""
