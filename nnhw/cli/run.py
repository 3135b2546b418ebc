"""`nnhw run`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from .app import app
from .arguments import DATA, Baud, Design, Json, MaxMemory
from .help import OneLineCommand
from .output import print_json

if TYPE_CHECKING:
    from ..inference import Inference


@app.command(cls=OneLineCommand)
def run(
    design: Design,
    data: Annotated[Path, DATA],
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
    as_json: Json = False,
) -> None:
    """Run an exported design on data.

    Its golden model, which answers as the hardware does, or with --port the accelerator itself.
    """
    from ..budget import DEFAULT_MAX_MEMORY, memory_budget
    from ..inference import run_design
    from ..report import StepDisplay

    budget = memory_budget(max_memory or DEFAULT_MAX_MEMORY)
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
