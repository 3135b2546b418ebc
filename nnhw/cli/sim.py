"""`nnhw sim`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

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
    """Simulate an exported design, byte for byte.

    A programmable design is loaded with each of its networks, one after the other.
    """
    from ..design import read_design
    from ..report import StepDisplay, render_simulation
    from ..simulate import run_regression

    exported = read_design(design)
    folders = [design, *(exported.folder / name for name in exported.networks)]
    # all have the same Verilog, which is compiled once
    shared: dict[str, Any] = (
        {"build_dir": exported.folder / "sim" / "sim_build"} if exported.networks else {}
    )
    results = []
    with StepDisplay(Console(stderr=as_json)) as display:

        def progress(done: int, total: int) -> None:
            display(f"Simulate with {simulator.capitalize()}", done / total)

        for folder in folders:
            progress(0, 1)
            result = run_regression(
                folder,
                simulator=simulator.value,
                vectors=vectors,
                waves=waves,
                seed=seed,
                jobs=jobs,
                progress=progress,
                **shared,
            )
            results.append(result)
    if as_json and len(folders) > 1:
        print_json({"networks": [asdict(result) for result in results]})
    elif as_json:
        print_json(results[0])
    for folder, result in zip(folders, results, strict=True):
        if not as_json:
            if len(folders) > 1:
                print(folder.name)
            Console().print(render_simulation(result))
    if not all(result.passed for result in results):
        raise typer.Exit(1)
