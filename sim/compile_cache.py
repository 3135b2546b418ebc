"""Compiles Verilator's own library once, not once for each design.

Verilator's makefiles put the command $OBJCACHE before the compiler's, for programs such as ccache.
This is one: the compiler command follows as arguments, and the object file of a source in
$VERILATOR_ROOT/include is copied from the user's cache folder if the same command made it before.
Everything else is just compiled. A library source takes seconds to compile, most of the time that
a small design takes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Compile, or copy; returns the compiler's exit status."""
    command = sys.argv[1:]
    library = Path(os.environ["VERILATOR_ROOT"]) / "include"
    source = Path(command[-1])
    if "-o" not in command or library not in source.parents:
        return subprocess.run(command, check=False).returncode
    target = Path(command[command.index("-o") + 1])
    cached = _cache_folder() / f"{_key(command, [source, *library.glob('*.h')])}.o"
    try:
        shutil.copyfile(cached, target)
        return 0
    except OSError:
        status = subprocess.run(command, check=False).returncode
    if status == 0:
        _store(target, cached)
    return status


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "verilator-objects"


def _key(command: list[str], files: list[Path]) -> str:
    """Hash of all that the object file depends on."""
    compiler = Path(shutil.which(command[0]) or command[0]).resolve()
    facts: list = [command]
    for file in [compiler, *sorted(files)]:
        state = file.stat()
        facts.append((str(file), state.st_size, state.st_mtime_ns))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _store(target: Path, cached: Path) -> None:
    """Put an object file into the cache, whole or not at all."""
    partial = cached.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # no room or no permission: no cache
        cached.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, partial)
        partial.replace(cached)


if __name__ == "__main__":
    sys.exit(main())
