"""`nnhw build`."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from .app import app
from .arguments import CONFIG, DATA, Jobs, Json, Model
from .build_options import chosen_options, with_build_options

if TYPE_CHECKING:
    from ..pipeline import BuildResult


@app.command()
@with_build_options
def build(
    *,
    model: Model,
    data: Annotated[Path | None, DATA] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Output folder.", show_default="rtl_out/NAME", metavar="FOLDER"),
    ] = None,
    config: Annotated[Path | None, CONFIG] = None,
    jobs: Jobs = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="First step; those before it are read from --save-steps.", metavar="STEP"
        ),
    ] = None,
    stop: Annotated[
        str | None, typer.Option(help="Last step, such as quantize.", metavar="STEP")
    ] = None,
    save_steps: Annotated[
        Path | None,
        typer.Option(help="Folder for the graphs that the steps make.", metavar="FOLDER"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Quantize a network, generate its accelerator, and prove its Verilog right, bit for bit.

    A model that is quantized already keeps its own numbers and needs no data.
    """
    from ..pipeline import build as run_build
    from ..report import StepDisplay, render_terminal, render_warnings

    console = Console(stderr=as_json, quiet=quiet)
    with StepDisplay(console) as progress:
        result = run_build(
            model,
            data=data,
            out=out,
            config=config,
            force=force,
            jobs=jobs,
            progress=progress,
            start=start,
            stop=stop,
            save_steps=save_steps,
            **chosen_options(others),
        )
    if not result.has_report:
        where = f" in [bold]{escape(str(save_steps))}[/bold]" if save_steps else ""
        console.print(f"\nStopped after '{stop}'; what the steps made is{where or ' not saved'}.")
        if as_json:
            print(json.dumps(_as_far_as_it_came(result, save_steps), indent=2))
    elif as_json:
        print(_escaped(result.report.to_json()), end="")
    else:
        console.print()
        console.print(render_terminal(result.report))
        folder = escape(str(result.folder))
        console.print(f"\nThe design is in [bold]{folder}[/bold]; see report.html there.")
    if (warnings := render_warnings(result.warnings)) is not None:
        # Where nothing but errors is printed, a warning that is overlooked is worse than a line.
        Console(stderr=True).print(warnings)


def _as_far_as_it_came(result: BuildResult, save_steps: Path | None) -> dict[str, Any]:
    """What there is to say of a build that stopped before its report."""
    return {
        "steps": result.steps,
        "folder": None if result.folder is None else str(result.folder),
        "save_steps": None if save_steps is None else str(save_steps),
        "warnings": [asdict(warning) for warning in result.warnings],
    }


def _escaped(text: str) -> str:
    """The same JSON in ASCII, which every output takes."""
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
