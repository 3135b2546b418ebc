"""The command `nnhw` itself, without its subcommands."""

from __future__ import annotations

import io
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from .. import __version__
from ..errors import CANNOT_WRITE, NnhwError

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
    for stream in (sys.stdout, sys.stderr):
        # not every terminal, file and pipe takes every character
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except NnhwError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        _fail(f"'{error.filename}': {error.strerror}" if error.filename else str(error.strerror))


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print("[bold red]Error:[/bold red]", end=" ")
    print(message, file=sys.stderr)
    sys.exit(1)
