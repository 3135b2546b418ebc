"""Times `nnhw build` of examples/digits_cnn.onnx.

    python benchmarks/build_time.py

Each row is the whole command in a process of its own, from the start of Python to its exit. The
first build on a machine also compiles Verilator's library, which is kept in the user's cache
folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tables import EXAMPLES, output_file, processor_seconds, write_table

COLUMNS = ("build", ">seconds", ">processor seconds")


def rows() -> Iterator[tuple[object, ...]]:
    """Time the builds, the first one with an empty cache folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        yield "without simulation", *_seconds(folder, environment, "--no-sim")
        yield "with simulation, first one on a machine", *_seconds(folder, environment)
        yield "with simulation, later ones", *_seconds(folder, environment)


def _seconds(folder: str, environment: dict[str, str], *options: str) -> tuple[str, str]:
    """Wall time of a build, and the processor time of it and of all programs that it starts."""
    model, data = EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits.npz"
    command = [sys.executable, "-m", "nnhw", "build", str(model), "--data", str(data), "--quiet"]
    command += ["--out", str(Path(folder) / "design"), "--force", *options]
    start, used = time.monotonic(), processor_seconds()
    subprocess.run(command, check=True, env=environment)
    return f"{time.monotonic() - start:.1f}", f"{processor_seconds() - used:.1f}"


if __name__ == "__main__":
    write_table(
        output_file(__doc__.splitlines()[0], "build_time.md"),
        "Time of a build",
        COLUMNS,
        rows(),
        notes="`nnhw build examples/digits_cnn.onnx --data examples/digits.npz`. Where others use "
        "the machine too, the processor seconds tell what it would take alone.",
    )
