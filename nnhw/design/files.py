"""Files of a folder that somebody else may have made."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ExportError


def file_inside(folder: Path, name: str, *, named_in: str) -> Path:
    """The regular file `name`, a checked relative path, in `folder`; no link leads out of it.

    Raises
    ------
    ExportError
        If there is none, or a link does; names the file.
    """
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ExportError(
                f"'{path}' is a link out of the design's folder; put the file itself there"
            )
        if not path.is_file():
            raise ExportError(
                f"'{path}' is named in '{folder / named_in}' but missing; build the design again"
            )
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise ExportError(f"'{path}' cannot be read: {error}") from None
    return path


def check_links(folder: Path) -> None:
    """See that no symbolic link in a folder leads out of it: commands write there, too.

    Raises
    ------
    ExportError
        If one does; names it.
    """
    inside = folder.resolve()
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            if not path.is_symlink():
                continue
            try:
                leads_out = not path.resolve().is_relative_to(inside)
            except (OSError, RuntimeError):  # RuntimeError: a loop
                leads_out = True
            if leads_out:
                raise ExportError(
                    f"'{path}' is a link out of the design's folder, and would be followed when "
                    "files are written; remove it"
                )
