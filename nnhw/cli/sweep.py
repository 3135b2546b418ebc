"""`nnhw sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ..options import BuildOptions, SweepOptions
from .app import app
from .arguments import Config, Json, Model, OptionalData, file_option
from .defined_options import chosen_options, with_options
from .help import OneLineCommand
from .output import print_json


@app.command(cls=OneLineCommand)
@with_options(SweepOptions, BuildOptions)
def sweep(
    *,
    model: Model,
    vary: Annotated[
        list[str],
        typer.Option(
            help="Values to try of an option, such as rows=4,8; may be repeated. Between them are "
            "semicolons where values have commas themselves.",
            metavar="NAME=VALUES",
        ),
    ],
    data: OptionalData = None,
    out: Annotated[
        Path | None,
        file_option("File for the table.", otherwise="printed", metavar="FILE.csv"),
    ] = None,
    config: Config = None,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Evaluate every design of a grid, as a table in CSV.

    Figures are those of 'nnhw explore'. Options of a build are the same in all designs.
    """
    from ..report import StepDisplay
    from ..search import sweep as run_sweep
    from ..search import to_csv
    from ..search.space import read_choices

    console = Console(stderr=True)
    with StepDisplay(console) as progress:
        rows = run_sweep(
            model,
            vary=read_choices(vary),
            data=data,
            out=out,
            config=config,
            progress=progress,
            **chosen_options(others, SweepOptions, BuildOptions),
        )
    if as_json:
        print_json({"designs": rows, "out": out})
    elif out is None:
        print(to_csv(rows), end="")
    else:
        console.print(f"{len(rows):,} designs are in [bold]{escape(str(out))}[/bold]")
