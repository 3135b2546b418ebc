"""`nnhw explore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..options import BuildOptions, ExploreOptions
from .app import app
from .arguments import Config, Json, Model, OptionalData, file_option
from .defined_options import chosen_options, with_options
from .help import OneLineCommand
from .output import print_json

if TYPE_CHECKING:
    from ..search import ExploreResult

_MOST_ROWS = 15
"""Of the front that are printed; trials.csv has all."""


@app.command(cls=OneLineCommand)
@with_options(ExploreOptions, BuildOptions)
def explore(
    *,
    model: Model,
    data: OptionalData = None,
    out: Annotated[
        Path | None,
        file_option(
            "Folder for table, pages and study.", otherwise="explore_out/NAME", metavar="FOLDER"
        ),
    ] = None,
    study: Annotated[
        Path | None,
        file_option(
            "File of the study, which goes on if it is there; .journal for a journal.",
            otherwise="study.db in the folder",
            metavar="FILE.db",
        ),
    ] = None,
    config: Config = None,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Search for the best designs of a network; needs the extra 'explore'.

    Integers are measured on samples, cycles are exact, and what a device has to have is estimated.
    Options of a build are the same in all designs. A search that was killed goes on.
    """
    from ..report import StepDisplay
    from ..search import explore as run_explore

    console = Console(stderr=as_json)
    with StepDisplay(console, keep=False) as progress:
        result = run_explore(
            model,
            data=data,
            out=out,
            study=study,
            config=config,
            progress=progress,
            **chosen_options(others, ExploreOptions, BuildOptions),
        )
    if as_json:
        print_json(result.to_dict())
    else:
        _print_text(console, result)


def _print_text(console: Console, result: ExploreResult) -> None:
    for remark in result.remarks:
        console.print(f"{escape(remark)}.")
    refused, missed, feasible = result.counts
    console.print(
        f"{len(result.trials):,} trials: {refused:,} cannot be built, {missed:,} miss a "
        f"constraint, {feasible:,} do not"
    )
    if not result.front:
        console.print("No design does all that is asked for; see trials.csv for what they miss.")
    else:
        console.print(_front_table(result))
        best = result.front[0]
        console.print("\nThe first one:")
        console.print(result.command(best), soft_wrap=True, markup=False, highlight=False)
    console.print(f"All trials and pages are in [bold]{escape(str(result.folder))}[/bold]")


def _front_table(result: ExploreResult) -> Table:
    from ..search.drawn import array_and_bits, number_text

    shown = result.front[:_MOST_ROWS]
    more = len(result.front) - len(shown)
    table = Table(
        title="No other design is better in everything",
        caption=f"and {more} more in trials.csv" if more else None,
        box=None,
        title_justify="left",
        caption_justify="left",
    )
    names = ["trial", *(f"{figure.label}\n{kind}" for figure, kind in result.objective_kinds)]
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("array")
    table.add_column("bits")
    baseline = [result.baseline_value(figure.name) for figure in result.objectives]
    table.add_row("-", *map(number_text, baseline), "as in a build", "", style="dim")
    for trial in shown:
        table.add_row(
            str(trial.number),
            *map(number_text, trial.values or ()),
            *array_and_bits(result.options(trial)),
        )
    return table
