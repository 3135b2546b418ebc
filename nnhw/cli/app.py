"""The command `nnhw` itself, without its subcommands."""

from __future__ import annotations

import io
import sys
import warnings
from typing import Annotated, NoReturn, TextIO

import typer
from rich.console import Console

from .. import __version__
from ..errors import CANNOT_WRITE, NnhwError
from ..plugins import PluginWarning
from .help import OneLineGroup

app = typer.Typer(
    cls=OneLineGroup,
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
    warnings.showwarning = _warn
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


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of nnhw's without the place in its code; all others as Python does."""
    if issubclass(category, PluginWarning):
        Console(stderr=True).print("[bold yellow]Warning:[/bold yellow]", end=" ")
        print(message, file=sys.stderr)
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        print(text, end="", file=file or sys.stderr)


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print("[bold red]Error:[/bold red]", end=" ")
    print(message, file=sys.stderr)
    sys.exit(1)
