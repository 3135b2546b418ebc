"""Lints the generated Verilog."""

from __future__ import annotations

import os
import subprocess

from compilation import plain_path
from design import Design
from links import plain
from tools import ToolError, find_simulator


def lint_design(design: Design) -> list[str]:
    """Warnings of `verilator --lint-only -Wall` that waivers.vlt does not waive.

    Raises
    ------
    ToolError
        If Verilator is missing or cannot read the Verilog.
    """
    find_simulator("verilator")
    folder = plain(design.folder)
    command = ["verilator", "--lint-only", "-Wall", "-Wno-fatal", "--top-module", design.top]
    command += [str(folder / "sim" / "waivers.vlt")]
    command += (str(plain_path(design, file)) for file in (*design.sources, *design.cell_models))
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("%")]
    lines = [line.replace(f"{folder}{os.sep}", "") for line in lines]
    if done.returncode != 0:
        raise ToolError("\n".join(["Verilator cannot read the design:", *lines]))
    return lines
