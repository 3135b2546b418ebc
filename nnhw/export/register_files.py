"""Writes the registers of a design in the forms that tools and drivers read, and the drivers."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from ..errors import ToolError
from ..registers import RegisterMap
from ..registers.python_module import python_module
from ..registers.svd import svd
from ..registers.systemrdl import system_rdl

HEADER = "nnhw_registers.h"
_DRIVERS = Path(__file__).parents[1] / "drivers"
_NEEDED_BLOCKS = {"nnhw_image": "load", "nnhw_window": "window", "nnhw_dma": "dma"}
"""Blocks of registers that files of the driver in C need, by the files' stems."""
_NEEDED = ("systemrdl", "peakrdl_cheader", "peakrdl_ipxact")


def require_printers() -> None:
    """Check that what prints registers is installed.

    Raises
    ------
    ToolError
        If not; it says how to install it.
    """
    if not all(importlib.util.find_spec(name) for name in _NEEDED):
        raise ToolError(
            "What prints registers is missing; install it with: pip install 'nnhw[registers]'"
        )


def write_register_files(registers: RegisterMap, folder: Path) -> None:
    """Write SystemRDL, a C header, IP-XACT and CMSIS-SVD to a folder, which is made.

    Header and IP-XACT are made of the SystemRDL by PeakRDL.

    Raises
    ------
    ToolError
        See `require_printers`.
    """
    require_printers()
    from peakrdl_cheader.c_standards import CStandard
    from peakrdl_cheader.exporter import CHeaderExporter
    from peakrdl_ipxact.exporter import IPXACTExporter
    from systemrdl import RDLCompiler

    folder.mkdir(exist_ok=True)
    source = folder / f"{registers.name}.rdl"
    source.write_text(system_rdl(registers), encoding="utf-8")
    (folder / f"{registers.name}.svd").write_text(svd(registers), encoding="utf-8")
    compiler = RDLCompiler()
    compiler.compile_file(str(source))
    top = compiler.elaborate().top
    CHeaderExporter().export(top, str(folder / HEADER), std=CStandard.gnu99)
    IPXACTExporter().export(
        top, str(folder / f"{registers.name}.xml"), component_name=registers.name
    )


def write_drivers(registers: RegisterMap, folder: Path) -> None:
    """Write the drivers in C and Python to a folder, which is made: `c` and `python` in it.

    That in C is compiled with the header of `write_register_files`; that in Python gets a module of
    constants. What loads images is there for programmable designs only, and what moves frames
    through windows, or fetches them from memory, for those that have what it needs.
    """
    for language in ("c", "python"):
        target = folder / language
        target.mkdir(parents=True, exist_ok=True)
        for source in sorted((_DRIVERS / language).iterdir()):
            if source.is_file() and _NEEDED_BLOCKS.get(source.stem) not in registers.absent:
                shutil.copyfile(source, target / source.name)
    module = folder / "python" / "nnhw_registers.py"
    module.write_text(python_module(registers), encoding="utf-8")
