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


class Calibration(StrEnum):
    """Ways to find the range of an activation."""

    MSE = "mse"
    MINMAX = "minmax"
    PERCENTILE = "percentile"
    ENTROPY = "entropy"


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
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with options by these names, '_' for '-'; the command line wins.",
            metavar="FILE.toml",
        ),
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
    fps: Annotated[
        float | None,
        typer.Option(help="Frames a second that the smallest array is to reach; see --clock-mhz."),
    ] = None,
    latency_us: Annotated[
        float | None,
        typer.Option(help="Latency in microseconds that the smallest array is to reach; likewise."),
    ] = None,
    clock_mhz: Annotated[
        float | None,
        typer.Option(help="Clock that --fps and --latency-us refer to.", show_default="100"),
    ] = None,
    weight_bits: Annotated[
        int | None, typer.Option(min=2, max=8, help="Bits of a weight.", show_default="8")
    ] = None,
    act_bits: Annotated[
        int | None, typer.Option(min=4, max=8, help="Bits of an activation.", show_default="8")
    ] = None,
    bits: Annotated[
        list[str] | None,
        typer.Option(help="Bits of the weights of one layer; may be repeated.", metavar="LAYER=N"),
    ] = None,
    calibration: Annotated[
        Calibration | None,
        typer.Option(help="How ranges of activations are found.", show_default="mse"),
    ] = None,
    power_of_two: Annotated[
        bool | None,
        typer.Option(
            "--power-of-two/--no-power-of-two",
            help="Scales are powers of two: requantization only shifts.",
        ),
    ] = None,
    equalize: Annotated[
        bool | None,
        typer.Option("--equalize/--no-equalize", help="Even out the ranges of channels first."),
    ] = None,
    vectors: Annotated[
        int | None, typer.Option(min=1, help="Real samples to simulate.", show_default="8")
    ] = None,
    simulator: Annotated[
        Simulator | None,
        typer.Option(help="What simulates the Verilog.", show_default="verilator"),
    ] = None,
    simulate: Annotated[
        bool | None,
        typer.Option("--sim/--no-sim", help="Simulate the design.", show_default="sim"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Seed of everything that is drawn at random.", show_default="0"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    as_json: Json = False,
) -> None:
    """Quantize a network, generate its accelerator, and prove its Verilog right, bit for bit.

    A model that is quantized already keeps its own numbers and needs no data.
    """
    from .pipeline import build as run_build
    from .report import StepDisplay, render_terminal

    given = {
        "rows": rows,
        "cols": cols,
        "macs": macs,
        "fps": fps,
        "latency_us": latency_us,
        "clock_mhz": clock_mhz,
        "weight_bits": weight_bits,
        "act_bits": act_bits,
        "bits": _layer_bits(bits) if bits else None,
        "calibration": calibration and calibration.value,
        "power_of_two": power_of_two,
        "equalize": equalize,
        "vectors": vectors,
        "simulator": simulator and simulator.value,
        "simulate": simulate,
        "seed": seed,
    }
    console = Console(stderr=as_json, quiet=quiet)
    with StepDisplay(console) as progress:
        result = run_build(
            model,
            data=data,
            out=out,
            config=config,
            force=force,
            progress=progress,
            **{name: value for name, value in given.items() if value is not None},
        )
    if as_json:
        sys.stdout.write(result.report.to_json())
    else:
        console.print()
        console.print(render_terminal(result.report))
        console.print(f"\nThe design is in [bold]{result.folder}[/bold]; see report.html there.")


def _layer_bits(settings: list[str]) -> dict[str, int]:
    """Widths by layer; names of layers may have an equals sign in them."""
    widths = {}
    for setting in settings:
        layer, _, width = setting.rpartition("=")
        if not layer or not width.isdecimal():
            raise typer.BadParameter(
                f"{setting!r} is not LAYER=N, such as /body/body.0/Conv=4", param_hint="--bits"
            )
        widths[layer] = int(width)
    return widths


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
