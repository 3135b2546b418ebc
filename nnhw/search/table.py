"""Trials as a table: a row each."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..options import BuildOptions, command_arguments
from .figures import FIGURES, Kind, column
from .space import Value
from .stages import Outcome

Row = dict[str, Any]


def figure_columns(outcomes: Iterable[Outcome]) -> list[str]:
    """Columns of all figures that any outcome has: by kind, in the order of `FIGURES`."""
    present = {
        (name, kind)
        for outcome in outcomes
        for kind, values in outcome.figures.items()
        for name in values
    }
    return [column(name, kind) for kind in Kind for name in FIGURES if (name, kind) in present]


def design_row(
    leading: Row,
    values: Mapping[str, Value],
    outcome: Outcome,
    columns: Sequence[str],
    command: str,
) -> Row:
    """A row: what leads, values of parameters, figures, and the command that builds the design."""
    cells = figure_cells(outcome)
    return {
        **leading,
        **values,
        **{name: cells.get(name) for name in columns},
        "seconds": round(outcome.seconds, 3),
        "problem": outcome.refusal,
        "command": "" if outcome.refusal else command,
    }


def figure_cells(outcome: Outcome) -> Row:
    """The figures of an outcome by column."""
    return {
        column(name, kind): value
        for kind, values in outcome.figures.items()
        for name, value in values.items()
    }


def build_command(options: BuildOptions, model: str, data: str | None) -> str:
    """The command line that builds a design."""
    words = ["nnhw", "build", model, *(["--data", data] if data else [])]
    return shlex.join([*words, *command_arguments(options)])


def to_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV with a line of names; what is not known is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
