"""`nnhw build`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .app import app
from .arguments import DATA, Jobs, Json, Model, Simulator


class Calibration(StrEnum):
    """Ways to find the range of an activation."""

    MSE = "mse"
    MINMAX = "minmax"
    PERCENTILE = "percentile"
    ENTROPY = "entropy"


class Technology(StrEnum):
    """What multipliers and memories can be built of."""

    PORTABLE = "portable"
    ECP5 = "ecp5"
    ICE40 = "ice40"
    GOWIN = "gowin"
    XILINX7 = "xilinx7"


class Weights(StrEnum):
    """Places of large constants."""

    INLINE = "inline"
    FILES = "files"


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
        typer.Option(
            help="Clock that --fps, --latency-us and the reported speed refer to.",
            show_default="100",
        ),
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
    trim: Annotated[
        bool | None,
        typer.Option(
            "--trim/--no-trim",
            help="Leave out channels that no input can change.",
            show_default="trim",
        ),
    ] = None,
    weights: Annotated[
        Weights | None,
        typer.Option(
            help="Large constants in the Verilog or in .hex files beside it.",
            show_default="inline",
        ),
    ] = None,
    technology: Annotated[
        Technology | None,
        typer.Option(
            help="Whose cells multipliers and memories are built of.", show_default="portable"
        ),
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
    costs: Annotated[
        bool | None,
        typer.Option(
            "--costs/--no-costs",
            help="Synthesize what optional hardware costs; needs the extra 'synth'.",
            show_default="no-costs",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Seed of everything that is drawn at random.", show_default="0"),
    ] = None,
    jobs: Jobs = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    as_json: Json = False,
) -> None:
    """Quantize a network, generate its accelerator, and prove its Verilog right, bit for bit.

    A model that is quantized already keeps its own numbers and needs no data.
    """
    from ..pipeline import build as run_build
    from ..report import StepDisplay, render_terminal

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
        "trim": trim,
        "weights": weights and weights.value,
        "technology": technology and technology.value,
        "vectors": vectors,
        "simulator": simulator and simulator.value,
        "simulate": simulate,
        "costs": costs,
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
            jobs=jobs,
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
