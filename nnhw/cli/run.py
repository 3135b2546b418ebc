"""`nnhw run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .app import app
from .arguments import DATA, Baud, Design, MaxMemory


@app.command()
def run(
    design: Design,
    data: Annotated[Path, DATA],
    out: Annotated[
        Path | None, typer.Option(help="Write the outputs to this file.", metavar="FILE.npz")
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            help="Run on a board with the design's bitstream, at this serial port.",
            metavar="DEVICE",
        ),
    ] = None,
    baud: Baud = 115_200,
    max_memory: MaxMemory = None,
    timeout: Annotated[
        float,
        typer.Option(min=0.01, help="Seconds that the board may take to answer; with --port."),
    ] = 1.0,
) -> None:
    """Run an exported design on data: its golden model, or with --port the accelerator itself."""
    from ..budget import DEFAULT_MAX_MEMORY, memory_budget
    from ..inference import run_design
    from ..report import StepDisplay, edited_files
    from ..report.text import number

    budget = memory_budget(max_memory or DEFAULT_MAX_MEMORY)
    with budget, StepDisplay(Console(quiet=port is None)) as display:

        def progress(done: int, total: int) -> None:
            display("Run on the board", done / total)

        result = run_design(design, data, port=port, baud=baud, timeout=timeout, progress=progress)
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
        result.save(out)
        print(f"outputs written to {out}")
