"""Limits of one process on memory, time and files, and what it has taken."""

from __future__ import annotations

import faulthandler
import resource
import signal
from pathlib import Path
from typing import TextIO

MEMORY = 2 << 30
"""Bytes beyond what the process has when it begins."""
SECONDS = 10
"""Of processor time."""
GRACE = 3
"""Seconds more until the process is killed: in code that does not return to Python."""
FILE = 256 << 20
"""Bytes of a file."""
DATA_ELEMENTS = 2_000_000
"""Of the samples for a network, unless two are more: who brings large data may wait for longer."""
PATIENCE = 120
"""Seconds of a clock on the wall until a process counts as hanging; others may use the cores."""

for_ever = resource.RLIM_INFINITY


def limit(traces: TextIO) -> None:
    """Limit this process. When its time is over, it writes where it is to `traces`."""
    faulthandler.enable(traces, all_threads=False)
    faulthandler.register(signal.SIGXCPU, traces, all_threads=False, chain=False)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (room(), for_ever))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, for_ever))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = int(cpu_seconds())
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS + 1, used + SECONDS + GRACE))


def room() -> int:
    """Bytes of address space that a process may have that goes on from here."""
    return _status("VmSize") + MEMORY


def lift() -> None:
    """Lift the limits as far as the checks afterwards need it."""
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + 2 * MEMORY, for_ever))


def cpu_seconds() -> float:
    """Processor time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_bytes() -> int:
    """Most memory that this process has had at once."""
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise KeyError(name)
