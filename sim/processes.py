"""How many processes pay, and that no two runs use the same folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from design import Design
from segments import Segment, frame_count
from tools import Simulator, ToolError

CYCLES_WORTH_A_PROCESS = {"verilator": 200_000, "icarus": 2_000}
"""Clock cycles that take longer to simulate than another process takes to start."""


def worthwhile_processes(
    simulator: Simulator, design: Design, segments: tuple[Segment, ...]
) -> int:
    """As many processes as have a core and enough to do."""
    cycles = frame_count(segments) * design.interval_cycles
    return max(
        1, min(len(os.sched_getaffinity(0)), cycles // CYCLES_WORTH_A_PROCESS[simulator.name])
    )


def check_room(folder: Path) -> None:
    """See whether files can still be written to a folder.

    Raises
    ------
    OSError
        If they cannot: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f"room-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(1 << 20))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; its folder is made.

    Raises
    ------
    ToolError
        If another run holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError(
                f"Another simulation is running in '{path.parent}'; wait for its end, or give "
                "this one a folder of its own with --build-dir"
            ) from None
        yield
