"""`nnhw sim`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from .app import app
from .arguments import Design, Jobs, Json, Seed, Simulator, SimulatorOption
from .help import OneLineCommand
from .output import print_json


@app.command(cls=OneLineCommand)
def sim(
    design: Design,
    vectors: Annotated[
        int | None, typer.Option(min=1, help="Frames to simulate.", show_default="all", metavar="N")
    ] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Record waveforms.")] = False,
    simulator: SimulatorOption = Simulator.VERILATOR,
    seed: Seed = 0,
    jobs: Jobs = None,
    as_json: Json = False,
) -> None:
    """Simulate an exported design, byte for byte."""
    from ..report import StepDisplay, render_simulation
    from ..simulate import run_regression

    with StepDisplay(Console(stderr=as_json)) as display:

        def progress(done: int, total: int) -> None:
            display(f"Simulate with {simulator.capitalize()}", done / total)

        progress(0, 1)
        result = run_regression(
            design,
            simulator=simulator.value,
            vectors=vectors,
            waves=waves,
            seed=seed,
            jobs=jobs,
            progress=progress,
        )
    if as_json:
        print_json(result)
    else:
        Console().print(render_simulation(result))
    if not result.passed:
        raise typer.Exit(1)
