"""Files that a search writes, and names of those that it reads."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from ..errors import ExportError


def named(source: object, otherwise: str) -> str:
    """What a command line calls a model or data that may be in memory."""
    return str(source) if isinstance(source, str | PathLike) else otherwise


def make_folder(folder: Path) -> None:
    """Make a folder, if it is not there.

    Raises
    ------
    ExportError
        If that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"Folder '{folder}' cannot be made: {error.strerror}") from error


def write_file(path: Path, content: bytes) -> None:
    """Replace a file at once.

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        raise ExportError(f"File '{path}' cannot be written: {error.strerror}") from error
