"""Lints the generated Verilog."""

from __future__ import annotations

import os
import subprocess

from design import Design
from tools import ToolError, find_simulator


def lint_design(design: Design) -> list[str]:
    """Warnings of `verilator --lint-only -Wall` that waivers.vlt does not waive.

    Raises
    ------
    ToolError
        If Verilator is missing or cannot read the Verilog.
    """
    find_simulator("verilator")
    waivers = design.folder / "sim" / "waivers.vlt"
    command = ["verilator", "--lint-only", "-Wall", "-Wno-fatal", "--top-module", design.top]
    command += [str(waivers), *map(str, design.sources), *map(str, design.cell_models)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("%")]
    lines = [line.replace(f"{design.folder}{os.sep}", "") for line in lines]
    if done.returncode != 0:
        raise ToolError("\n".join(["Verilator cannot read the design:", *lines]))
    return lines
