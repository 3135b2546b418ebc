"""The command `nnhw` itself, without its subcommands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from .. import __version__
from ..errors import NnhwError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="From a trained ONNX network to a verified, fitted accelerator in plain Verilog.",
)


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


def main() -> None:
    """Entry point of the command `nnhw`; typer sees to exit codes 2 and 130."""
    try:
        app()
    except NnhwError as error:
        Console(stderr=True).print("[bold red]Error:[/bold red]", end=" ")
        print(error, file=sys.stderr)
        sys.exit(1)
