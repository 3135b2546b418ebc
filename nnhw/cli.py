"""The command line: thin, over `nnhw.build` and its neighbours.

Exit code 0: done, and verified where there was something to verify. 1: the model, the data, a file,
a tool or the verification is at fault; a message on stderr says which. 2: the command line itself
was wrong. 130: interrupted.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from . import __version__
from .errors import NnhwError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="From a trained ONNX network to a verified, fitted accelerator in plain Verilog.",
)


class Simulator(StrEnum):
    """Simulators that run the exported testbench."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


Model = Annotated[Path, typer.Argument(help="The trained network, an ONNX file.", metavar="MODEL")]
Design = Annotated[
    Path, typer.Argument(help="Folder of a design that 'nnhw build' wrote.", metavar="DESIGN")
]
DATA = typer.Option(
    help="NumPy .npz file: 'x', samples shaped like the model's input; optionally 'y', labels.",
    metavar="FILE.npz",
)
SimulatorOption = Annotated[Simulator, typer.Option(help="What simulates the Verilog.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn at random.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of text for people.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"nnhw {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of nnhw itself."""


@app.command()
def build(
    model: Model,
    data: Annotated[Path | None, DATA] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Output folder.", show_default="rtl_out/NAME", metavar="FOLDER"),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Products a column adds up each cycle; with --cols.")
    ] = None,
    cols: Annotated[
        int | None, typer.Option(min=1, help="Output channels side by side; with --rows.")
    ] = None,
    macs: Annotated[
        int | None,
        typer.Option(min=1, help="Multipliers to spend; rows and columns are chosen to suit."),
    ] = None,
    weight_bits: Annotated[int, typer.Option(min=2, max=8, help="Bits of a weight.")] = 8,
    act_bits: Annotated[int, typer.Option(min=4, max=8, help="Bits of an activation.")] = 8,
    vectors: Annotated[int, typer.Option(min=1, help="Real samples to simulate.")] = 8,
    simulator: SimulatorOption = Simulator.VERILATOR,
    no_sim: Annotated[bool, typer.Option("--no-sim", help="Do not simulate.")] = False,
    seed: Seed = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    as_json: Json = False,
) -> None:
    """Quantize a network, generate its accelerator, and prove its Verilog right, bit for bit.

    A model that is quantized already keeps its own numbers and needs no data.
    """
    from .pipeline import build as run_build
    from .report import StepDisplay, render_terminal

    console = Console(stderr=as_json, quiet=quiet)
    with StepDisplay(console) as progress:
        result = run_build(
            model,
            data=data,
            out=out,
            rows=rows,
            cols=cols,
            macs=macs,
            weight_bits=weight_bits,
            activation_bits=act_bits,
            vectors=vectors,
            simulator=simulator.value,
            simulate=not no_sim,
            seed=seed,
            force=force,
            progress=progress,
        )
    if as_json:
        sys.stdout.write(result.report.to_json())
    else:
        console.print()
        console.print(render_terminal(result.report))
        console.print(f"\nThe design is in [bold]{result.folder}[/bold]; see report.html there.")


@app.command()
def sim(
    design: Design,
    vectors: Annotated[
        int | None, typer.Option(min=1, help="Frames to simulate.", show_default="all")
    ] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Record waveforms.")] = False,
    simulator: SimulatorOption = Simulator.VERILATOR,
    seed: Seed = 0,
) -> None:
    """Simulate an exported design and compare it with its vectors, byte for byte."""
    from .report import StepDisplay, render_simulation
    from .simulate import run_regression

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
            progress=progress,
        )
    console.print(render_simulation(result))
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def run(
    design: Design,
    data: Annotated[Path, DATA],
    out: Annotated[
        Path | None, typer.Option(help="Write the outputs to this file.", metavar="FILE.npz")
    ] = None,
) -> None:
    """Run an exported design's golden model on data: what the hardware will answer."""
    from .inference import run_design

    result = run_design(design, data)
    print(f"{len(result.outputs):,} samples")
    if result.top1 is not None:
        print(f"top-1 accuracy {result.top1:.2f}%")
    if out is not None:
        result.save(out)
        print(f"outputs written to {out}")


@app.command()
def inspect(model: Model, as_json: Json = False) -> None:
    """Show a network's layers and size, and whether nnhw can build it."""
    from .frontend import inspect_model
    from .report import render_model

    summary = inspect_model(model)
    if as_json:
        print(json.dumps(summary.to_json(), indent=2))
    else:
        Console().print(render_model(summary))


def main() -> None:
    """Entry point of the command `nnhw`; typer sees to exit codes 2 and 130."""
    try:
        app()
    except NnhwError as error:
        Console(stderr=True).print("[bold red]Error:[/bold red]", end=" ")
        print(error, file=sys.stderr)
        sys.exit(1)
