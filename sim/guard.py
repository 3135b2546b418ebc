"""Runs a command so that nothing which it starts outlives the process that wanted it.

A compiler or a simulator goes on when the process that started it is killed (kill -9): nobody is
left to end it. So a guard stands between the two, in a session of its own: this file as a program.
It starts the command and holds the reading end of a pipe. When the writing end closes, which is
when the process that wanted the command has ended, however that came about, or when the command
itself was killed, it kills its process group: the command, all its descendants, and itself.

The command comes through the pipe, too, as a line of JSON: a guard's own command line is not that
of what it guards, so that whoever kills all processes by some name leaves the guard to its work.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading


def guard_command() -> list[str]:
    """The command of a guard; it is to be started in a new session, with a pipe as its input."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__)]


def request(command: list[str]) -> bytes:
    """What is written to the pipe so that a guard runs `command`."""
    # arguments may be any bytes, and the guard's locale another one
    arguments = [os.fsencode(argument).decode("latin-1") for argument in command]
    return json.dumps(arguments).encode() + b"\n"


def run_guarded(command: list[str]) -> int:
    """Run a command to its end, with a guard; returns its exit status."""
    with subprocess.Popen(guard_command(), stdin=subprocess.PIPE, start_new_session=True) as guard:
        try:
            guard.stdin.write(request(command))
            guard.stdin.flush()
            status = guard.wait()
        except BaseException:
            os.killpg(guard.pid, signal.SIGKILL)
            raise
    if status >= 0:
        return status
    with contextlib.suppress(ProcessLookupError):  # somebody may have killed the guard alone
        os.killpg(guard.pid, signal.SIGKILL)
    return 128 - status


def main() -> int:
    """Run what the pipe asks for; returns its exit status."""
    arguments = [argument.encode("latin-1") for argument in json.loads(_read_line())]
    try:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"'{os.fsdecode(arguments[0])}' cannot be started: {error.strerror}", flush=True)
        return 127
    threading.Thread(target=_watch, daemon=True).start()
    status = child.wait()
    if status < 0:
        _end()
    return status


def _read_line() -> bytes:
    """The line at the beginning of the pipe, and nothing behind it."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 1 << 16)
        if not piece:
            sys.exit(1)
        line += piece
    return line


def _watch() -> None:
    """Wait until nobody holds the other end of the pipe."""
    while os.read(0, 1):
        pass
    _end()


def _end() -> None:
    """End everything in this process group."""
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
