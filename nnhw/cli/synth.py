"""`nnhw synth`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..families import OWN_FAMILIES, own_family
from ..options import Effort
from .app import app
from .arguments import Baud, Design, Json
from .board import BoardName, synth_board
from .help import OneLineCommand
from .output import print_json

_TARGET = own_family(OWN_FAMILIES[0]).targets[-1].name


@app.command(cls=OneLineCommand)
def synth(
    design: Design,
    target: Annotated[
        str | None,
        typer.Option(
            help=f"Device, such as {_TARGET}, or asic-osu018; a wrong one lists all.",
            metavar="TARGET",
            show_default="what the design was built for",
        ),
    ] = None,
    board: Annotated[
        BoardName | None,
        typer.Option(
            help="In place of a device: a bitstream for this board.",
            metavar="NAME",
        ),
    ] = None,
    pnr: Annotated[bool, typer.Option("--pnr", help="Place and route.")] = False,
    freq: Annotated[
        float | None,
        typer.Option(
            help="MHz that is aimed at; on a board the design's clock.",
            metavar="MHZ",
            show_default="what a first placement promises",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Placements to try; the median counts, on a board the first that is fast enough.",
            show_default="1, on a board 4",
        ),
    ] = None,
    effort: Annotated[
        Effort, typer.Option(help="high: of five placements the fastest counts.")
    ] = Effort.NORMAL,
    jobs: Annotated[int, typer.Option(min=1, help="Placements at a time.", metavar="N")] = 1,
    speed_grade: Annotated[
        str,
        typer.Option(
            help="Speed grade of the device.", show_default="the slowest", metavar="GRADE"
        ),
    ] = "",
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate the netlist, bit for bit.")
    ] = False,
    liberty: Annotated[
        Path | None,
        typer.Option(
            help="Library of cells for silicon.",
            metavar="FILE.lib",
            envvar="NNHW_LIBERTY",
            show_default="that of its Debian package",
        ),
    ] = None,
    baud: Baud = 115_200,
    as_json: Json = False,
) -> None:
    """Synthesize an exported design: how large, how fast.

    For a device or silicon. All files are in DESIGN/syn/TARGET; finished steps are not repeated.
    With --board, that is all that a board needs: see docs/boards.md.
    """
    if target is not None and board is not None:
        raise typer.BadParameter("give one of --target and --board", param_hint="--target")
    if board is not None:
        if pnr or simulate or speed_grade or jobs > 1 or effort is not Effort.NORMAL:
            raise typer.BadParameter(
                "--pnr, --simulate, --speed-grade, --effort and --jobs go with --target",
                param_hint="--board",
            )
        synth_board(design, board, freq=freq, baud=baud, seeds=seeds or 4, as_json=as_json)
        return
    from ..report import StepDisplay, add_synthesis, render_synthesis
    from ..synth import SynthesisOptions, run_synthesis

    options = SynthesisOptions(
        target=target or _built_for(design),
        place=pnr,
        freq=freq,
        seeds=seeds,
        effort=effort,
        jobs=jobs,
        speed_grade=speed_grade,
        simulate=simulate,
        liberty=liberty,
    )
    with StepDisplay(Console(stderr=as_json)) as progress:
        result = run_synthesis(design, options, progress=progress)
    add_synthesis(design)
    if as_json:
        print_json(result)
    else:
        Console().print(render_synthesis(result))
    if not result.succeeded:
        raise typer.Exit(1)


def _built_for(design: Path) -> str:
    """The device that a design was built for."""
    from ..design import read_design

    device = read_design(design).device
    if device is None:
        raise typer.BadParameter(
            "the design was built for no device in particular: give --target or --board",
            param_hint="--target",
        )
    return device
