"""Runs the programs of a synthesis flow to their ends, with their output in logs."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ToolError
from ..simulate.child import check_room
from ..simulate.guard import GuardedProcess

_POLL_SECONDS = 0.05
_LOOK_SECONDS = 1.0
"""Between two looks at a log."""
GIVEN_UP = -1
"""Status of a program that was hopeless."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One program to run.

    Parameters
    ----------
    command
        The program and its arguments.
    log
        File for all that it prints; folders above it are made.
    cwd
        Its working folder; None: this process's own.
    is_hopeless
        Asked now and then with what the log says so far: whether to end the program.
    otherwise
        What is run in its place then; None: it has failed.
    """

    command: Sequence[str]
    log: Path
    cwd: Path | None = None
    is_hopeless: Callable[[str], bool] | None = None
    otherwise: Run | None = None


def run_logged(run: Run) -> int:
    """Run one program to its end; as `run_all` does."""
    return run_all([run])[0]


def run_all(
    runs: Sequence[Run], *, jobs: int = 1, finished: Callable[[int], None] | None = None
) -> list[int]:
    """Run programs, up to `jobs` at a time; returns their exit statuses, in the order of `runs`.

    Whatever ends this function early (Ctrl-C, an error in `finished`) also ends the programs and
    all that they have started.

    Parameters
    ----------
    finished
        Called with the number of each run that has ended well, as soon as it has.

    Raises
    ------
    ToolError
        If a program cannot be started.
    """
    statuses = [0] * len(runs)
    present = list(runs)
    running: dict[int, GuardedProcess] = {}
    waiting = list(range(len(runs)))
    looked = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number = waiting.pop(0)
                running[number] = _start(runs[number])
            time.sleep(_POLL_SECONDS)
            if time.monotonic() - looked > _LOOK_SECONDS:
                looked = time.monotonic()
                for number in _go_other_ways(present, running):
                    del running[number]
                    statuses[number] = GIVEN_UP
            for number, child in list(running.items()):
                status = child.poll()
                if status is None:
                    continue
                del running[number]
                statuses[number] = status
                if status != 0:
                    check_room(runs[number].log.parent)
                if status == 0 and finished is not None:
                    finished(number)
    except BaseException:
        for child in running.values():
            child.end()
        raise
    return statuses


def error_lines(log: Path, marks: Sequence[str] = ("ERROR",), count: int = 4) -> str:
    """The first lines of a log that have one of `marks` in them; its last lines if none has."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    marked = [line for line in lines if any(mark in line for mark in marks)]
    chosen = marked[:count] if marked else [line for line in lines if line.strip()][-count:]
    return "\n".join([*(f"  {line}" for line in chosen), f"The whole log is in '{log}'."])


def relative(path: Path, folder: Path) -> str:
    """`path` as seen from `folder`, which may be beside it."""
    return os.path.relpath(path.resolve(), folder.resolve())


def _go_other_ways(runs: list[Run], running: dict[int, GuardedProcess]) -> list[int]:
    """End the programs that are hopeless, and put others in their places; returns the numbers of
    those for which there is none."""
    given_up = []
    for number, child in running.items():
        run = runs[number]
        if run.is_hopeless is None:
            continue
        if run.is_hopeless(run.log.read_text(encoding="utf-8", errors="replace")):
            child.end()
            if run.otherwise is None:
                given_up.append(number)
                continue
            runs[number] = run.otherwise
            running[number] = _start(run.otherwise)
    return given_up


def _start(run: Run) -> GuardedProcess:
    if shutil.which(run.command[0]) is None:
        raise ToolError(f"'{run.command[0]}' cannot be started: no such program")
    run.log.parent.mkdir(parents=True, exist_ok=True)
    with run.log.open("wb") as output:
        return GuardedProcess(run.command, output=output, cwd=run.cwd)
