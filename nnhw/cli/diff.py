"""`nnhw diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .app import app
from .arguments import Json
from .help import OneLineCommand
from .output import print_json


@app.command(cls=OneLineCommand)
def diff(
    a: Annotated[
        Path, typer.Argument(help="Folder of a design that 'nnhw build' wrote.", metavar="A")
    ],
    b: Annotated[Path, typer.Argument(help="Folder of another one.", metavar="B")],
    as_json: Json = False,
) -> None:
    """Compare two exported designs.

    Of options, accuracy, cycles, memories, resources and layers, what differs is shown side by
    side, what is equal in one line. Resources are those that 'nnhw synth' has found.
    """
    from ..report import diff_designs, render_difference

    difference = diff_designs(a, b)
    if as_json:
        print_json(difference.to_dict())
    else:
        Console().print(render_difference(difference), crop=False)
