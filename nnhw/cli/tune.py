"""`nnhw tune`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..options import ARRAY, BuildOptions, TuneOptions, command_arguments
from .app import app
from .arguments import FILES, Config, Data, Json, Model, file_option
from .defined_options import chosen_options, with_options
from .help import OneLineCommand
from .output import print_json

if TYPE_CHECKING:
    from ..tuning import TuneResult


@app.command(cls=OneLineCommand)
@with_options(TuneOptions)
def tune(
    *,
    model: Model,
    data: Data,
    val: Annotated[
        Path | None,
        file_option(
            "Samples that the epoch is chosen by, like --data.",
            otherwise="a share of --data",
            metavar="FILE.npz",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        file_option("QDQ file to write.", otherwise="NAME_tuned.onnx", metavar="FILE.onnx"),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace the file, and begin anew.", rich_help_panel=FILES),
    ] = False,
    config: Config = None,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Tune a network for its integers; needs the extra 'tune'.

    It learns to answer like the file, while it computes what hardware will, with fewer
    channels if pruned. The result is a QDQ file that 'nnhw build' takes as it is. A run that
    was killed goes on where it was.
    """
    from ..report import StepDisplay
    from ..tuning import tune as run_tune

    console = Console(stderr=as_json)
    with StepDisplay(console, keep=True) as progress:
        result = run_tune(
            model,
            data=data,
            val=val,
            out=out,
            force=force,
            config=config,
            progress=progress,
            **chosen_options(others, TuneOptions),
        )
    if as_json:
        print_json(result.to_dict())
    else:
        _print_text(console, result)
    for warning in result.warnings:
        Console(stderr=True).print(f"[bold yellow]Warning:[/bold yellow] {escape(warning)}")


def _print_text(console: Console, result: TuneResult) -> None:
    samples = result.samples
    chosen = f"epoch {result.best_epoch} of {len(result.history) - 1}"
    console.print(
        f"{result.figure} on {samples['validation']:,} validation samples: {result.before:.2f} "
        f"before, [bold]{result.after:.2f}[/bold] after ({chosen})"
    )
    console.print(f"Trained on {samples['train']:,} other samples; curves are in {result.page}")
    if result.searched:
        found = result.searched
        settings = ", ".join(f"{name} {value}" for name, value in found.settings.items())
        console.print(
            f"Settings of the best of {found.trials} trials ({found.stopped} of them stopped "
            f"early): {escape(settings)}; all are in {escape(str(found.page))}"
        )
    if result.options.mean_bits is not None:
        bits = ", ".join(f"{layer} {count}" for layer, count in result.options.bits.items())
        console.print(f"Bits of the weights by layer: {escape(bits)}")
    if result.rounds:
        console.print(_rounds(result))
    command = ["nnhw", "build", str(result.path), "--data", "TEST.npz", *_array(result.options)]
    console.print(f"\nNext: [bold]{escape(shlex.join(command))}[/bold]")


def _rounds(result: TuneResult) -> Table:
    """What pruning has brought."""
    from ..tuning.result import rounds_table

    names, *rows = rounds_table(result)
    table = Table(*names)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    return table


def _array(options: TuneOptions) -> list[str]:
    """What to say to a build so that it has the cycles of the result."""
    array = {name: getattr(options, name) for name in ARRAY}
    return command_arguments(BuildOptions(**array))
