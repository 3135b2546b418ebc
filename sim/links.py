"""Links to what lies in folders whose paths programs cannot take.

GNU make, Verilator's own scripts and the shells that they start split paths at spaces and read
more into quotes, dollar signs, semicolons or hashes; a list of folders for Python is split at
colons. So whatever a program is told about is reached through a folder with a plain path.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_./+@%,=-]+")


class PathError(Exception):
    """There is no plain path to be had; the message says why, and what to do."""


def is_plain(path: Path) -> bool:
    """Whether every program takes a path as it is."""
    return _PLAIN.fullmatch(str(path)) is not None


def plain(path: Path) -> Path:
    """The path, or, if programs may stumble over it, that of a link to it in a temporary folder.

    Raises
    ------
    PathError
        If the folder for temporary files has no plain path either, or is not safe.
    """
    if is_plain(path):
        return path
    link = private_folder() / digest(path)
    if not link.is_symlink() or os.readlink(link) != str(path):
        new = link.with_name(f"{link.name}.{os.getpid()}")
        new.symlink_to(path)
        new.replace(link)  # another process may have made it meanwhile
    return link


def digest(path: Path) -> str:
    """A short name for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def private_folder() -> Path:
    """A folder among the temporary files that is this user's alone.

    Raises
    ------
    PathError
        If there is none: its path is not plain, or somebody else has made it.
    """
    folder = Path(tempfile.gettempdir()) / f"sim_links-{os.getuid()}"
    if not is_plain(folder):
        raise PathError(
            f"The folder for temporary files, '{folder.parent}', has a path that simulators cannot "
            "take; set TMPDIR to one of letters and digits"
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o022:
        raise PathError(
            f"'{folder}' is not a folder that only you can write to; remove it, or set TMPDIR"
        )
    return folder
