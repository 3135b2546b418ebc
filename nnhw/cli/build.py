"""`nnhw build`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import OptionError
from ..options import BuildOptions, options_from
from .app import app
from .arguments import DATA, FILES, OUTPUT, STEPS, Config, Jobs, Json, Models, file_option
from .defined_options import chosen_options, with_options
from .help import OneLineCommand
from .output import print_json

if TYPE_CHECKING:
    from ..pipeline import BuildResult


@app.command(cls=OneLineCommand)
@with_options(BuildOptions)
def build(
    *,
    model: Models,
    data: Annotated[list[Path] | None, DATA] = None,
    out: Annotated[
        Path | None,
        file_option("Output folder.", otherwise="rtl_out/NAME", metavar="FOLDER"),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace the output folder.", rich_help_panel=FILES),
    ] = False,
    config: Config = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="First step; those before it are read from --save-steps.",
            metavar="STEP",
            rich_help_panel=STEPS,
        ),
    ] = None,
    stop: Annotated[
        str | None,
        typer.Option(help="Last step, such as quantize.", metavar="STEP", rich_help_panel=STEPS),
    ] = None,
    save_steps: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the graphs that the steps make.",
            metavar="FOLDER",
            rich_help_panel=STEPS,
        ),
    ] = None,
    jobs: Jobs = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="Print everything; steps, layers, memories, what was left out.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors.", rich_help_panel=OUTPUT)
    ] = False,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Make an accelerator of a network, and prove it right.

    The network is quantized, its Verilog is generated, and simulation has to equal the golden
    model bit for bit. A model that is quantized already keeps its own numbers and needs no data.

    Several networks get one design, which --programmable makes: the first one gives it its name,
    and --data is repeated, in the order of the networks, or is one file for all.
    """
    from ..pipeline import build as run_build
    from ..pipeline import build_programmable
    from ..report import StepDisplay, render_warnings

    console = Console(stderr=as_json, quiet=quiet)
    samples = data or []
    chosen = chosen_options(others, BuildOptions)
    if len(model) > 1 or len(samples) > 1:
        if any(option is not None for option in (start, stop, save_steps)):
            raise OptionError("Options start, stop and save_steps are for a single network")
        if not options_from(config, chosen).programmable:
            raise OptionError("Several networks need --programmable; or build one after the other")
        with StepDisplay(console, keep=verbose) as progress:
            results = build_programmable(
                model,
                data=samples,
                out=out,
                config=config,
                force=force,
                jobs=jobs,
                progress=progress,
                **chosen,
            )
        _show_all(console, results, samples, as_json=as_json, verbose=verbose)
        return
    with StepDisplay(console, keep=verbose) as progress:
        result = run_build(
            model[0],
            data=samples[0] if samples else None,
            out=out,
            config=config,
            force=force,
            jobs=jobs,
            progress=progress,
            start=start,
            stop=stop,
            save_steps=save_steps,
            **chosen,
        )
    if not result.has_report:
        where = f" in [bold]{escape(str(save_steps))}[/bold]" if save_steps else ""
        console.print(f"Stopped after '{stop}'; what the steps made is{where or ' not saved'}.")
        if as_json:
            print_json(_as_far_as_it_came(result, save_steps))
    elif as_json:
        print_json(result.report)
    else:
        print_report(console, result, samples[0] if samples else None, verbose)
    if (warnings := render_warnings(result.warnings)) is not None:
        # Where nothing but errors is printed, a warning that is overlooked is worse than a line.
        Console(stderr=True).print(warnings)


def _show_all(
    console: Console,
    results: tuple[BuildResult, ...],
    data: Sequence[Path | None],
    *,
    as_json: bool,
    verbose: bool,
) -> None:
    """The reports of all networks of a design."""
    from ..report import render_warnings

    if as_json:
        print_json({"networks": [asdict(result.report) for result in results]})
    files = [*data] * len(results) if len(data) == 1 else data or [None] * len(results)
    for file, result in zip(files, results, strict=True):
        if not as_json:
            print_report(console, result, file, verbose)
        if (warnings := render_warnings(result.warnings)) is not None:
            Console(stderr=True).print(warnings)


def print_report(console: Console, result: BuildResult, data: Path | None, verbose: bool) -> None:
    """What matters first, or everything."""
    from ..report import render_headline, render_terminal

    if verbose:
        console.print()
        console.print(render_terminal(result.report), crop=False)
        folder = escape(str(result.folder))
        console.print(f"\nThe design is in [bold]{folder}[/bold]; see report.html there.")
    else:
        headline = render_headline(result.report, folder=str(result.folder), data=data)
        console.print(headline, crop=False)


def _as_far_as_it_came(result: BuildResult, save_steps: Path | None) -> dict[str, Any]:
    """What there is to say of a build that stopped before its report."""
    return {
        "steps": result.steps,
        "folder": None if result.folder is None else str(result.folder),
        "save_steps": None if save_steps is None else str(save_steps),
        "warnings": [asdict(warning) for warning in result.warnings],
    }
