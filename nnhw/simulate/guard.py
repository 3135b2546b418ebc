"""Child processes that do not outlive nnhw, even if it is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from .testbench import sim_folder

_GRACE_SECONDS = 5


class GuardedProcess:
    """A running program, in a process group of its own, under the guard that sim/guard.py is.

    It and all its descendants end when this process ends, for whatever reason.

    Parameters
    ----------
    command
        The program and its arguments.
    output
        Where its output and its errors go.
    cwd
        Its working folder; None: this process's own.
    environment
        Variables beside those of this process.

    Raises
    ------
    OSError
        If no process can be started. That the program itself is missing is known by its status,
        127.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        output: BinaryIO,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ):
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(sim_folder() / "guard.py")],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        # as sim/guard.py wants it
        arguments = [os.fsencode(argument).decode("latin-1") for argument in command]
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(json.dumps(arguments).encode() + b"\n")
            self._guard.stdin.flush()

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        status = self._guard.poll()
        if status is not None:
            self._close(status)
        return status

    def wait(self, seconds: float) -> int:
        """Wait for its end; returns the exit status.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs then.
        """
        status = self._guard.wait(seconds)
        self._close(status)
        return status

    def end(self) -> None:
        """End it and its descendants."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            self._end(sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(_GRACE_SECONDS)
        self._close(0)

    def _close(self, status: int) -> None:
        if status < 0:  # somebody may have killed the guard alone
            self._end(signal.SIGKILL)
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.close()

    def _end(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._guard.pid, sign)
