"""`nnhw compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..options import BuildOptions
from .app import app
from .arguments import FILES, OUTPUT, Config, Jobs, Json, Model, OptionalData, file_option
from .build import print_report
from .defined_options import chosen_options, with_options
from .help import OneLineCommand
from .output import print_json


@app.command(name="compile", cls=OneLineCommand)
@with_options(BuildOptions)
def compile_(
    *,
    model: Model,
    design: Annotated[
        Path,
        typer.Option(
            "--for",
            help="Folder of the programmable design.",
            metavar="DESIGN",
            rich_help_panel=FILES,
        ),
    ],
    data: OptionalData = None,
    out: Annotated[
        Path | None,
        file_option("Output folder.", otherwise="rtl_out/NAME", metavar="FOLDER"),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace the output folder.", rich_help_panel=FILES),
    ] = False,
    config: Config = None,
    jobs: Jobs = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print everything.", rich_help_panel=OUTPUT)
    ] = False,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Make an image of a network for a programmable design.

    The folder has the design's own Verilog, and image, golden model and vectors of the network;
    simulation proves it. If the design has not all that the network needs, it is said what.
    """
    from ..pipeline import compile_network
    from ..report import StepDisplay, render_warnings

    console = Console(stderr=as_json)
    with StepDisplay(console, keep=verbose) as progress:
        result = compile_network(
            model,
            design,
            data=data,
            out=out,
            config=config,
            force=force,
            jobs=jobs,
            progress=progress,
            **chosen_options(others, BuildOptions),
        )
    if as_json:
        print_json(result.report)
    else:
        print_report(console, result, data, verbose)
    if (warnings := render_warnings(result.warnings)) is not None:
        Console(stderr=True).print(warnings)
