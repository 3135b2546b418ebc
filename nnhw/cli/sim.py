"""`nnhw sim`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from .app import app
from .arguments import Design, Jobs, Seed, Simulator, SimulatorOption


@app.command()
def sim(
    design: Design,
    vectors: Annotated[
        int | None, typer.Option(min=1, help="Frames to simulate.", show_default="all")
    ] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Record waveforms.")] = False,
    simulator: SimulatorOption = Simulator.VERILATOR,
    seed: Seed = 0,
    jobs: Jobs = None,
) -> None:
    """Simulate an exported design and compare it with its vectors, byte for byte."""
    from ..report import StepDisplay, render_simulation
    from ..simulate import run_regression

    console = Console()
    with StepDisplay(console) as display:

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
    console.print(render_simulation(result))
    if not result.passed:
        raise typer.Exit(1)
