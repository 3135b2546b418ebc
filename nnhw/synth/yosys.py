"""Yosys, from the package pyosys, in a process of its own."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ToolError
from .child import Run, error_lines, relative, run_logged
from .steps import read_json

_STATISTICS = "statistics.json"
WRITE_STATISTICS = f"tee -q -o {_STATISTICS} stat -json"
"""The command that writes what `read_cells` reads."""

_FILE_NAME = re.compile(r'[^"*?\\\x00-\x1f]+')

# libyosys prints to file descriptor 1 and exits the process on some errors.
_CHILD = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in open(sys.argv[1], encoding="utf-8"):
    libyosys.run_pass(command.rstrip(), design)
"""


def run_yosys(commands: Sequence[str], *, log: Path, cwd: Path | None = None) -> None:
    """Run Yosys commands one after the other on one design that is empty at first.

    The commands are kept beside the log, as `log` with the suffix .ys: a script that `yosys -s`
    takes, too.

    Parameters
    ----------
    commands
        One command each, without line breaks; see `quote` for file names.
    log
        File for all that Yosys prints.
    cwd
        Folder that relative file names refer to; None: this process's own.

    Raises
    ------
    ToolError
        If pyosys is not installed, or a command fails; with Yosys's own error and the log's path.
    """
    require_yosys()
    script = log.with_suffix(".ys")
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text("".join(f"{command}\n" for command in commands), encoding="utf-8")
    run = Run(command=[sys.executable, "-c", _CHILD, str(script.resolve())], log=log, cwd=cwd)
    if run_logged(run) != 0:
        raise ToolError(f"Yosys failed:\n{error_lines(log)}")


def require_yosys() -> Path:
    """The folder of Yosys's cell libraries, `share`.

    Raises
    ------
    ToolError
        If pyosys is not installed.
    """
    package = importlib.util.find_spec("pyosys")
    if package is None or package.origin is None:
        raise ToolError("Yosys is missing; install it with: pip install 'nnhw[synth]'")
    return Path(package.origin).parent / "share"


def quote(path: Path, cwd: Path | None = None) -> str:
    """A file name as an argument of a Yosys command; it may have spaces, and most other signs.

    Parameters
    ----------
    cwd
        Folder that Yosys runs in; the name becomes relative to it, so that it matters neither where
        the two are nor what the folders above them are called.

    Raises
    ------
    ToolError
        If Yosys would take the name for something else.
    """
    name = str(path) if cwd is None else relative(path, cwd)
    if not _FILE_NAME.fullmatch(name):
        raise ToolError(
            f"Yosys cannot take the path '{name}'; move what is there to a folder whose path has "
            "no quotation marks, stars, question marks, backslashes and line breaks"
        )
    return f'"{name}"'


def read_cells(folder: Path) -> dict[str, int]:
    """Cells by type, as `WRITE_STATISTICS` has written them in a folder; see `cell_counts`."""
    return cell_counts(read_json(folder / _STATISTICS))


def cell_counts(statistics: Mapping[str, Any]) -> dict[str, int]:
    """Cells by type, over the whole hierarchy; without Yosys's notes about where they come from.

    Parameters
    ----------
    statistics
        What Yosys's `stat -json` or its `write_json` writes, parsed. A netlist must be flat.

    Raises
    ------
    ToolError
        If it is neither.
    """
    if "design" in statistics:
        return _sorted(statistics["design"]["num_cells_by_type"])
    modules = list(own_modules(statistics).values())
    if len(modules) != 1 or "cells" not in modules[0]:
        raise ToolError("Neither statistics nor a flat netlist of Yosys; run the synthesis again")
    return _sorted(Counter(cell["type"] for cell in modules[0]["cells"].values()))


def own_modules(netlist: Mapping[str, Any]) -> dict[str, Any]:
    """The modules of a parsed JSON netlist that are no cells of a library, by name."""
    return {
        name: module
        for name, module in netlist.get("modules", {}).items()
        if not int(module.get("attributes", {}).get("blackbox", "0"), 2)
    }


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {cell: counts[cell] for cell in sorted(counts) if cell != "$scopeinfo"}
