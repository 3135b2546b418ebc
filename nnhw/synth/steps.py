"""Steps whose finished work is used again as long as what it was made from is the same."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ..errors import CANNOT_WRITE, ToolError

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
        All that they depend on, as values for JSON: commands, versions, and files by their
        `sha256_of`.
    """

    def __init__(self, folder: Path, inputs: Mapping[str, Any]):
        self.folder = folder
        self._inputs = json.loads(json.dumps(inputs))

    @property
    def done(self) -> bool:
        """Whether the folder is there and was made from the same inputs."""
        try:
            return json.loads((self.folder / _STAMP).read_text(encoding="utf-8")) == self._inputs
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
        (self.partial / _STAMP).write_text(
            json.dumps(self._inputs, indent=2) + "\n", encoding="utf-8"
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.partial.rename(self.folder)


def read_json(path: Path) -> Any:
    """What a program of the flow has written.

    Raises
    ------
    ToolError
        If it is missing or breaks off, as it does where the disk was full.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ToolError(
            f"'{path}' is missing or damaged ({error}); is the disk full? Remove '{path.parent}' "
            "and run it again"
        ) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder and keep other processes that ask for it out, while the block writes to it.

    Raises
    ------
    ToolError
        If another process has it, the disk is full or the folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, lock)
            _take(lock, folder)
            yield
        except OSError as error:
            if error.errno in CANNOT_WRITE:
                raise ToolError(f"'{folder}' cannot be written: {error.strerror}") from error
            raise


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ToolError(f"Another synthesis is writing '{folder}'; wait for its end") from None
