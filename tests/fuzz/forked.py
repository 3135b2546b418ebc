"""Stands in for the process that runs a model file for nnhw: forked, and so without its start."""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from nnhw.reference import child

from . import limits

SCRIPT = Path(child.__file__)


class ForkedChild:
    """As much of `subprocess.Popen` as `nnhw.reference` uses, for its own script alone.

    Parameters
    ----------
    arguments
        Of the script.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.returncode: int | None = None
        self.exceeded = False
        self.seconds = 0.0
        self.peak = 0
        pipes = [os.pipe() for _ in range(3)]
        self.pid = os.fork()
        if self.pid == 0:
            _be_script(arguments, [pipes[0][0], pipes[1][1], pipes[2][1]])
        for end in (pipes[0][0], pipes[1][1], pipes[2][1]):
            os.close(end)
        self._feed, self._streams = pipes[0][1], [pipes[1][0], pipes[2][0]]
        os.set_blocking(self._feed, False)

    def communicate(self, fed: bytes = b"", timeout: float = 60) -> tuple[bytes, bytes]:
        """Both outputs after the end; without `fed`, after a kill."""
        deadline, rest = time.monotonic() + timeout, memoryview(fed)
        parts: dict[int, list[bytes]] = {stream: [] for stream in self._streams}
        with selectors.DefaultSelector() as waiting:
            for stream in self._streams:
                waiting.register(stream, selectors.EVENT_READ)
            waiting.register(self._feed, selectors.EVENT_WRITE)
            while waiting.get_map():
                for key, _ in waiting.select(max(0.0, deadline - time.monotonic())):
                    if key.fd == self._feed:
                        try:
                            rest = rest[os.write(self._feed, rest[: 1 << 16]) :]
                        except BrokenPipeError:
                            rest = rest[:0]
                        if rest:
                            continue
                    elif part := os.read(key.fd, 1 << 16):
                        parts[key.fd].append(part)
                        continue
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                if waiting.get_map() and time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired("onnxruntime", timeout)
        _, status, usage = os.wait4(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss << 10
        answer, told = (b"".join(parts[stream]) for stream in self._streams)
        short = ("memory", "alloc")
        self.exceeded = self.returncode in (-signal.SIGXCPU, -signal.SIGKILL) or any(
            "error.npy" in answer.decode("latin-1") and word.encode("utf-32-le") in answer
            for word in short
        )
        return answer, told


def _be_script(arguments: Sequence[str], streams: Sequence[int]) -> NoReturn:
    """All that the child does."""
    status = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, 256)
        os.setsid()
        sys.argv = [str(SCRIPT), *arguments]
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        resource.setrlimit(resource.RLIMIT_AS, (limits.room(), limits.room()))
        resource.setrlimit(resource.RLIMIT_CPU, (limits.SECONDS, limits.SECONDS))
        child.main()
        status = 0
    finally:
        os._exit(status)
