"""Silicon processes that designs can be synthesized for, and where their cells are described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import OptionError, ToolError


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process with a library of standard cells.

    Parameters
    ----------
    name
        What users call it.
    description
        Process, voltage and temperature that the library's figures are for.
    liberty
        Its library of cells (Liberty format) where its package puts it.
    package
        Debian package that has it.
    areas
        Areas of cells in um2 that the library file has wrong, from the cells' footprints (LEF).
    gate
        The two-input NAND, whose area is the unit of gate equivalents.
    flip_flops
        Cells that are flip-flops.
    avoided
        Cells that logic must not be made of, as patterns of Yosys's `abc -dont_use`.
    driver
        The cell that logic is optimized for being driven by.
    frequency_mhz
        The clock that is aimed at unless told otherwise.
    """

    name: str
    description: str
    liberty: Path
    package: str
    areas: Mapping[str, int]
    gate: str
    flip_flops: tuple[str, ...]
    avoided: tuple[str, ...]
    driver: str
    frequency_mhz: float


PROCESSES: Mapping[str, Process] = {
    process.name: process
    for process in (
        Process(
            name="asic-osu018",
            description="TSMC 180 nm in the cells of Oklahoma State University, typical, 1.8 V, "
            "25 °C",
            liberty=Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib"),
            package="qflow-tech-osu018",
            areas={"LATCH": 56, "NAND3X1": 32, "OAI21X1": 32},
            gate="NAND2X1",
            flip_flops=("DFFNEGX1", "DFFPOSX1", "DFFSR"),
            avoided=("CLKBUF*", "TBUF*"),
            driver="BUFX2",
            frequency_mhz=100,
        ),
    )
}
"""All processes by name."""


def find_liberty(process: Process, given: Path | None) -> Path:
    """The library file of a process: `given`, or the one of its package.

    Raises
    ------
    OptionError
        If `given` is not a file.
    ToolError
        If the package is not installed; names it.
    """
    path = process.liberty if given is None else given.resolve()
    if path.is_file():
        return path
    if given is not None:
        raise OptionError(f"--liberty: '{given}' is not a file; give the library of {process.name}")
    raise ToolError(
        f"The cells of {process.name} are missing: there is no '{path}'; install them, on Debian "
        f"and Ubuntu with: apt-get install {process.package}; or give the file with --liberty"
    )


def correct_areas(liberty: str, process: Process) -> str:
    """The text of a library file with the areas of `Process.areas`."""
    for cell, area in process.areas.items():
        pattern = rf"(cell\s*\(\s*{cell}\s*\)\s*\{{[^{{}}]*?\barea\s*:\s*)[\d.]+"
        liberty = re.sub(pattern, rf"\g<1>{area}", liberty, count=1)
    return liberty
