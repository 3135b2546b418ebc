"""`nnhw inspect`."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from ..options import BuildOptions
from .app import app
from .arguments import Config, Json, Model, OptionalData
from .defined_options import chosen_options, with_options
from .help import OneLineCommand
from .output import print_json


@app.command(cls=OneLineCommand)
@with_options(BuildOptions)
def inspect(
    *,
    model: Model,
    data: OptionalData = None,
    config: Config = None,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Show whether a network can be built, and its layers.

    All steps of a build before its export are tried, with the same options. A float network that
    is given no data is calibrated with random samples.
    """
    from ..inspection import inspect_model
    from ..report import render_model

    summary = inspect_model(model, data=data, config=config, **chosen_options(others, BuildOptions))
    if as_json:
        print_json(summary.to_json())
    else:
        Console().print(render_model(summary), crop=False)
