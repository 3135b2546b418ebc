"""`nnhw run`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from .app import app
from .arguments import Baud, Data, Design, Json, MaxMemory
from .defined_options import noise_levels
from .help import OneLineCommand
from .output import print_json

if TYPE_CHECKING:
    from ..inference import Inference


NOISE = "Noise"
"""Group of options in help."""


@app.command(cls=OneLineCommand)
def run(
    design: Design,
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="Write the outputs to this file.", metavar="FILE.npz")
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(help="Serial port of a board with the design's bitstream.", metavar="DEVICE"),
    ] = None,
    baud: Baud = 115_200,
    max_memory: MaxMemory = None,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.01,
            help="Seconds that the board may take to answer; with --port.",
            metavar="SECONDS",
        ),
    ] = 1.0,
    noise: Annotated[
        list[str] | None,
        typer.Option(
            help="Hardware that errs. KIND is weights, sums, weight-flips or activation-flips: "
            "weights err by a part of their layer's largest one, sums by a part of their result's "
            "range, both as a standard deviation; the others are probabilities of a wrong bit.",
            metavar="KIND=X",
            rich_help_panel=NOISE,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Pieces of such hardware; with --noise.",
            show_default="10",
            metavar="N",
            rich_help_panel=NOISE,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Seed of the noise; with --noise.",
            show_default="0",
            metavar="N",
            rich_help_panel=NOISE,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run an exported design on data.

    Its golden model, which answers as the hardware does, or with --port the accelerator itself.
    With --noise: how much worse hardware answers that errs.
    """
    from ..budget import DEFAULT_MAX_MEMORY, memory_budget
    from ..inference import run_design
    from ..report import StepDisplay
    from ..staging import keep_apart

    budget = memory_budget(max_memory or DEFAULT_MAX_MEMORY)
    if noise:
        if port is not None or out is not None:
            other = "--port" if port is not None else "--out"
            raise typer.BadParameter(
                f"many trials of the golden model go without {other}", param_hint="--noise"
            )
        with budget:
            _run_noisy(design, data, noise, trials or 10, seed or 0, as_json=as_json)
        return
    for flag, value in (("--trials", trials), ("--seed", seed)):
        if value is not None:
            raise typer.BadParameter("it is of noise, and there is no --noise", param_hint=flag)
    if out is not None:
        keep_apart(out, data=data)
    console = Console(stderr=as_json, quiet=port is None)
    with budget, StepDisplay(console, keep=True) as display:

        def progress(done: int, total: int) -> None:
            display("Run on the board", done / total)

        result = run_design(design, data, port=port, baud=baud, timeout=timeout, progress=progress)
    if out is not None:
        result.save(out)
    if as_json:
        print_json(_values(result, out))
    else:
        _print_text(result, out)


def _run_noisy(
    design: Path, data: Path, noise: list[str], trials: int, seed: int, *, as_json: bool
) -> None:
    from ..report import StepDisplay
    from ..robustness import FIGURES, measure_robustness

    levels = noise_levels(noise, "--noise")
    with StepDisplay(Console(stderr=True), keep=False) as display:

        def progress(done: int, total: int) -> None:
            display("Run with noise", done / total)

        result = measure_robustness(
            design, data, noise=levels, trials=trials, seed=seed, progress=progress
        )
    if as_json:
        print_json(result.to_dict())
        return
    print(f"{result.samples:,} samples, {trials} trials")
    if result.top1_without is not None:
        print(f"top-1 accuracy {result.top1_without:.2f}% without noise")
    for name, found in result.figures.items():
        title, unit = FIGURES[name]
        print(
            f"{title} {found.mean:.2f}{unit} with noise, from {found.least:.2f} to "
            f"{found.most:.2f} (standard deviation {found.deviation:.2f})"
        )


def _values(result: Inference, out: Path | None) -> dict[str, Any]:
    """What there is to say, for programs; the outputs themselves are in the file."""
    return {
        "samples": result.samples,
        "top1_percent": result.top1,
        "metrics": dict(result.metrics),
        "edited": result.edited,
        "link": None if result.link is None else asdict(result.link),
        "out": out,
    }


def _print_text(result: Inference, out: Path | None) -> None:
    from ..report import edited_files
    from ..report.text import number

    print(f"{result.samples:,} samples")
    if result.top1 is not None:
        print(f"top-1 accuracy {result.top1:.2f}%")
    for name, value in result.metrics.items():
        print(f"{name} {number(value)}")
    if result.edited:
        print(edited_files(result.edited))
    if result.link is not None and result.link.repeats:
        print(f"{result.link.repeats:,} requests were repeated: the serial line is not clean")
    if out is not None:
        print(f"outputs written to {out}")
