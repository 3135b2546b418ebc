"""Arguments and options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

FILES = "Files"
STEPS = "Steps"
OUTPUT = "Output"
"""Groups of options in help."""


def file_option(text: str, *, otherwise: str, metavar: str) -> Any:
    """The option of a file or folder that only one command has; `otherwise`, unless it is given."""
    return typer.Option(help=text, show_default=otherwise, metavar=metavar, rich_help_panel=FILES)


class Simulator(StrEnum):
    """Simulators that run the exported testbench."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


Model = Annotated[Path, typer.Argument(help="The trained network, an ONNX file.", metavar="MODEL")]
Models = Annotated[
    list[Path],
    typer.Argument(
        help="The trained network, an ONNX file; several with --programmable.", metavar="MODEL..."
    ),
]
Design = Annotated[
    Path, typer.Argument(help="Folder of a design that 'nnhw build' wrote.", metavar="DESIGN")
]
DATA = typer.Option(
    help="Samples 'x' and labels 'y', an .npz file. Samples are shaped like the model's input (of "
    "several inputs an array for each, by its name); labels may be left out. Or a folder of .npy "
    "files by these names, or an .npy file of samples, which may be larger than memory.",
    metavar="FILE.npz",
    rich_help_panel=FILES,
)
Data = Annotated[Path, DATA]
OptionalData = Annotated[Path | None, DATA]
Config = Annotated[
    Path | None,
    typer.Option(
        help="Options by these names, '_' for '-'; the command line wins.",
        metavar="FILE.toml",
        rich_help_panel=FILES,
    ),
]
SimulatorOption = Annotated[
    Simulator,
    typer.Option(help=f"{'|'.join(Simulator)}: what simulates the Verilog.", metavar="NAME"),
]
Seed = Annotated[
    int, typer.Option(min=0, help="Seed of everything that is drawn at random.", metavar="N")
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, help="Most processes that simulate.", show_default="as many as pay", metavar="N"
    ),
]
MaxMemory = Annotated[
    str | None,
    typer.Option(
        help="Most memory that is taken; model, data and what is computed count.",
        metavar="SIZE",
        show_default="4G",
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON in place of text for people.", rich_help_panel=OUTPUT),
]
Baud = Annotated[
    int,
    typer.Option(
        min=1200, max=4_000_000, help="Bits a second on the board's serial line.", metavar="N"
    ),
]
