"""Runs the commands of a trial in this process, and says how they ended."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import nnhw.cli
from nnhw.design import read_design
from nnhw.errors import NnhwError, VerificationError
from nnhw.link import link_design

from . import limits
from .capture import Capture, Stopped
from .checks import (
    check_answers,
    check_files,
    check_inspection,
    check_model,
    check_names,
    check_time,
)
from .outcome import Outcome, signature_of
from .trials import Base, Trial
from .watch import Watcher, list_folder


def run_trial(
    trial: Trial, sandbox: Path, base: Base, traces: TextIO, tell: Callable[[str], None]
) -> Outcome:
    """Run the commands of a trial under limits and check what they did.

    Parameters
    ----------
    sandbox
        Folder of the trial, and the working folder.
    traces
        File for what is written on a sudden end.
    tell
        Told the phase that begins: "commands" or "checks".
    """
    tempfile.tempdir = str(sandbox / "tmp")
    before = list_folder(sandbox)
    watcher = Watcher([sandbox.resolve() / name for name in (*trial.writable, "tmp")])
    capture = Capture(trial, base, watcher)
    limits.limit(traces)
    tell("commands")
    start = limits.cpu_seconds()
    outcomes = []
    with capture.patched():
        for command in trial.commands:
            with watcher.active():
                outcomes.append(_run(command, sandbox))
            if outcomes[-1].failed:
                break
    outcome = outcomes[-1] if outcomes[-1].failed else outcomes[0]
    outcome.seconds = limits.cpu_seconds() - start + sum(c.seconds for c in capture.asked)
    outcome.peak = max(limits.peak_bytes(), *(c.peak for c in capture.asked), 0)
    limits.lift()
    tell("checks")
    for check in (
        lambda: check_files(trial, sandbox, before, outcome, watcher),
        lambda: check_names(capture),
        lambda: check_time(outcome, capture, traces),
        lambda: check_inspection(capture, outcomes),
        lambda: check_answers(trial, base, outcome),
        lambda: check_model(trial, capture, outcome),
    ):
        if outcome.failed:
            break
        if (found := check()) is not None:
            outcome.result, outcome.signature, outcome.detail = found
    return outcome


def _run(command: list[str], sandbox: Path) -> Outcome:
    """Run one command as its program would."""
    with contextlib.chdir(sandbox):
        try:
            status = _MAINS.get(command[0], _nnhw)(command)
            if not status:
                return Outcome("accepted")
            return Outcome("refused", signature=f"exit status {status}")
        except Stopped:
            return Outcome("accepted")
        except SystemExit as exit_:
            cause = exit_.__context__
            if (memory := _memory_error(exit_)) is not None:
                return Outcome("memory", signature_of(memory), str(cause)[:300])
            if not exit_.code:
                return Outcome("accepted")
            if isinstance(cause, NnhwError) and not str(cause).strip():
                return Outcome("traceback", f"{type(cause).__name__} without a message")
            if isinstance(cause, VerificationError) and command[0] == "build":
                return Outcome("wrong answer", "the build finds a misreading", str(cause)[:800])
            return Outcome("refused", type(cause).__name__, str(cause)[:300])
        except NnhwError as error:
            if (memory := _memory_error(error)) is not None:
                return Outcome("memory", signature_of(memory), str(error)[:300])
            return Outcome("refused", type(error).__name__, str(error)[:300])
        except BaseException as error:
            kind = "traceback" if _memory_error(error) is None else "memory"
            detail = "".join(traceback.format_exception(error))[-3000:]
            return Outcome(kind, signature_of(error), detail)


def _nnhw(command: list[str]) -> int:
    sys.argv = ["nnhw", *command]
    nnhw.cli.main()
    return 0


def _sim(command: list[str]) -> int:
    """The testbench's script, which `nnhw sim` runs in a process of its own."""
    sys.argv = ["run.py", *command[1:]]
    return sys.modules["run"].main()


def _link(command: list[str]) -> int:
    link_design(read_design(command[1]))
    return 0


_MAINS = {"sim": _sim, "link": _link}


def _memory_error(error: BaseException) -> BaseException | None:
    """The want of memory that an exception is about, or that it hides."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, MemoryError) or "bad_alloc" in str(current):
            return current
        current = current.__cause__ or current.__context__
    return None
