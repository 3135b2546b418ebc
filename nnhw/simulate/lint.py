"""Lint of an exported design."""

from __future__ import annotations

import tempfile
from os import PathLike
from pathlib import Path

from ..design import read_design
from .child import run_script


def lint(design_dir: str | PathLike[str]) -> list[str]:
    """Warnings of `verilator --lint-only -Wall` about an exported design's Verilog.

    Warnings that sim/waivers.vlt waives, with the reason beside each, are left out.

    Raises
    ------
    ExportError
        If the design's files are missing or damaged.
    ToolError
        If Verilator is missing or cannot read the Verilog.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "lint.log"
        return run_script(read_design(design_dir).folder, ["--lint"], log)["warnings"]
