"""Steps whose finished work is used again as long as what it was made from is the same."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ToolError

_STAMP = "step.json"


class Step:
    """A folder of files that a program makes.

    The folder appears complete or not at all: work is done in a folder beside it, which takes its
    name in the end.

    Parameters
    ----------
    folder
        Where the files are in the end.
    inputs
        All that they depend on, as values for JSON: commands, versions, and files as `digest` puts
        them.
    """

    def __init__(self, folder: Path, inputs: Mapping[str, Any]):
        self.folder = folder
        self._inputs = json.loads(json.dumps(inputs))

    @property
    def done(self) -> bool:
        """Whether the folder is there and was made from the same inputs."""
        try:
            return json.loads((self.folder / _STAMP).read_text()) == self._inputs
        except (OSError, ValueError):
            return False

    @property
    def partial(self) -> Path:
        """The folder to work in, between `start` and `finish`."""
        return self.folder.with_name(f".{self.folder.name}.partial")

    def start(self) -> Path:
        """Make an empty folder to work in; what an earlier attempt left is removed."""
        shutil.rmtree(self.partial, ignore_errors=True)
        self.partial.mkdir(parents=True)
        return self.partial

    def finish(self) -> None:
        """Give the folder its name; what had it before is removed."""
        (self.partial / _STAMP).write_text(json.dumps(self._inputs, indent=2) + "\n")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.partial.rename(self.folder)


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder and keep other processes that ask for it out.

    Raises
    ------
    ToolError
        If another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ToolError(f"Another synthesis is writing '{folder}'; wait for its end") from None
    finally:
        os.close(lock)
