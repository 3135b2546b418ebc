"""Runs the testbench's script in a process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..errors import CANNOT_WRITE, ExportError, ToolError
from .guard import GuardedProcess

_TOTAL = re.compile(rb"Sending (\d+) frames")
_FRAME = re.compile(rb"frame \d+ of \d+")
_DECISIVE = re.compile(r"%Error|error:|Error \d|ERROR|Traceback|^\w*Error: ", re.MULTILINE)
_POLL_SECONDS = 0.2


def run_script(
    design_dir: Path,
    arguments: list[str],
    log: Path,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Run sim/run.py of a design; returns what it writes with --json.

    Its output and that of all programs it starts goes to the file `log`. If anything ends this
    function early (Ctrl-C), the script and all its child processes are ended.

    Parameters
    ----------
    progress
        Called with the frames that are done and their total.

    Raises
    ------
    ExportError
        If the design's files are missing or damaged.
    ToolError
        If a program is missing or failed, or another run writes to the same log.
    """
    script = design_dir / "sim" / "run.py"
    if not script.is_file():
        raise ExportError(
            f"'{script}' is missing: '{design_dir}' has no testbench; export it again"
        )
    answer = log.with_suffix(".json")
    command = [sys.executable, str(script), *arguments, "--json", str(answer)]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            _lock(output)
            output.truncate(0)
            answer.unlink(missing_ok=True)
            child = GuardedProcess(command, output=output, environment={"SIM_GUARDED": "1"})
            try:
                _watch(child, log, progress)
            except BaseException:
                child.end()
                raise
            return _read_answer(answer, log)
    except OSError as error:
        if error.errno in CANNOT_WRITE:
            raise ToolError(
                f"The simulation cannot write to '{log.parent}': {error.strerror}"
            ) from error
        raise


def _lock(log: BinaryIO) -> None:
    """Take a log, and the answer beside it, for this run; the lock ends with the last process."""
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ToolError(
            f"Another simulation is running in '{Path(log.name).parent}'; wait for its end"
        ) from None


def check_room(folder: Path) -> None:
    """See whether files can still be written to a folder: programs rarely say that they cannot.

    Raises
    ------
    OSError
        If they cannot.
    """
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(bytes(1 << 20))
        probe.flush()
        os.fsync(probe.fileno())


def _read_answer(answer: Path, log: Path) -> dict:
    """What the script wrote, if it is a result."""
    if not answer.is_file():
        check_room(answer.parent)
        raise ToolError(f"The simulation did not run to its end:\n{decisive_lines(log)}")
    try:
        result = json.loads(answer.read_text(encoding="utf-8"))
        if not isinstance(result, dict):
            raise ValueError(f"it holds a {type(result).__name__}")
    except ValueError as error:
        raise ToolError(
            f"The result of the simulation, '{answer}', is damaged ({error}); is the disk full?\n"
            f"{decisive_lines(log)}"
        ) from None
    if "error" not in result:
        return result
    if result["error"] == "design":
        raise ExportError(result["message"])
    if result["error"] == "program":
        raise ToolError(f"{result['message']}\n{decisive_lines(log)}")
    raise ToolError(result["message"])


def decisive_lines(log: Path, count: int = 8) -> str:
    """The first `count` lines of a log that look like errors (the last ones if none does)."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if _DECISIVE.search(line)]
    chosen = errors[:count] if errors else lines[-count:]
    return "\n".join([*(f"  {line}" for line in chosen), f"The whole log is in '{log}'."])


def _watch(child: GuardedProcess, log: Path, progress: Callable[[int, int], None] | None) -> None:
    """Wait for the child's end and report the frames that its log tells of."""
    position = done = total = 0
    running = True
    while running:
        try:
            child.wait(_POLL_SECONDS)
            running = False
        except subprocess.TimeoutExpired:
            pass
        if progress is None:
            continue
        with log.open("rb") as file:
            file.seek(position)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        position += len(complete)
        if found := _TOTAL.search(complete):
            total = int(found[1])
        if frames := len(_FRAME.findall(complete)):
            done += frames
            progress(min(done, total), total)  # what is repeated for its waves does not count
