"""Yosys scripts: from the exported Verilog to standard cells and memory macros."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...design import ExportedDesign
from ..processes import Process, correct_areas
from ..steps import read_json
from ..yosys import WRITE_STATISTICS, quote, run_yosys
from . import macros
from .memories import Memory, find_memories

ELABORATED = "elaborated.il"
"""The flat design before memories and gates are mapped."""
CELLS_LIBERTY = "cells.lib"
"""The library of cells, with its areas corrected."""
CELLS_VERILOG = "cells.v"
"""Functions of the cells that the netlist has."""
NETLIST_JSON = "netlist.json"
NETLIST_VERILOG = "netlist.v"
MAX_FANOUT = 16
"""Inputs that one output may drive, except the clock."""
OUTPUT_LOAD_PF = 0.02
"""What every output of the design is assumed to drive."""
_ELABORATED_JSON = "elaborated.json"
_CONSTRAINTS = "abc.constr"

# Yosys's own script for ABC, with two differences. `map` in place of `&nf` makes the clock of
# digits_mlp with 4 and digits_cnn with 16 multipliers faster by an eighth, and adders of Kogge and
# Stone (-extra-map) by another one, for 2% of the area each. Buffers limit the fan-out, and do so
# for flip-flops and inputs only if ABC knows a driving cell, which must be a gate.
# There is no target delay: with one that is easily met, `dnsize` takes a hundred times as long.
_ABC_SCRIPT = (
    "strash;&get,-n;&fraig,-x;&put;scorr;dc2;dretime;strash;&get,-n;&dch,-f;&put;"
    f"map;buffer,-N,{MAX_FANOUT};upsize;dnsize;stime,-p"
)


def elaboration_commands(design: ExportedDesign, out: Path) -> list[str]:
    """The commands of `elaborate`."""
    return [
        *(f"read_verilog {quote(source, out)}" for source in design.sources),
        f"synth -top {design.top} -flatten -run begin:fine",
        # Silicon has no initial values: what a design needs at first, its reset brings.
        "setattr -unset init w:*",
        f"write_json {_ELABORATED_JSON}",
        f"write_rtlil {ELABORATED}",
    ]


def elaborate(design: ExportedDesign, *, out: Path, log: Path) -> None:
    """Read and flatten a design, down to words and memories, into the folder `out`.

    Raises
    ------
    ToolError
        If Yosys is not installed or fails.
    """
    run_yosys(elaboration_commands(design, out), log=log, cwd=out)


def read_memories(elaborated: Path, top: str) -> tuple[Memory, ...]:
    """The memories in what `elaborate` left in a folder that become macros."""
    return find_memories(read_json(elaborated / _ELABORATED_JSON), top)


def mapping_commands(
    process: Process, top: str, elaborated: Path, has_macros: bool, out: Path
) -> list[str]:
    """The commands of `map_to_cells`."""
    avoided = " ".join(f"-dont_use {pattern}" for pattern in process.avoided)
    return [
        f"read_rtlil {quote(elaborated / ELABORATED, out)}",
        f"read_verilog -lib {macros.VERILOG}",
        *([f"techmap -map {macros.TECHMAP}"] if has_macros else []),
        f"synth -top {top} -run fine:check -noabc -extra-map +/choices/kogge-stone.v",
        f"dfflibmap -liberty {CELLS_LIBERTY}",
        "opt",
        f"abc -liberty {CELLS_LIBERTY} -constr {_CONSTRAINTS} {avoided} -script +{_ABC_SCRIPT}",
        "setundef -zero",
        # OpenSTA's reader takes no concatenations on the left side of assignments.
        "splitnets",
        "opt_clean -purge",
        # Names that the design does not have are short ones, the same in all files.
        "rename -enumerate -pattern u% c:*",
        "rename -enumerate -pattern n% w:*",
        f"read_liberty -lib {CELLS_LIBERTY}",
        "check -assert",
        WRITE_STATISTICS,
        f"write_json {NETLIST_JSON}",
        f"write_verilog -noattr {NETLIST_VERILOG}",
    ]


def map_to_cells(
    process: Process,
    top: str,
    memories: Sequence[Memory],
    liberty: Path,
    *,
    elaborated: Path,
    out: Path,
    log: Path,
) -> None:
    """Map an elaborated design to cells: netlist, macros and library of cells, in the folder `out`.

    Raises
    ------
    ToolError
        If Yosys fails.
    """
    text = correct_areas(liberty.read_text(encoding="utf-8", errors="replace"), process)
    (out / CELLS_LIBERTY).write_text(text, encoding="utf-8")
    macros.write_macros(memories, out)
    load = f"set_driving_cell {process.driver}\nset_load {1000 * OUTPUT_LOAD_PF:g}\n"
    (out / _CONSTRAINTS).write_text(load, encoding="utf-8")
    commands = mapping_commands(process, top, elaborated, bool(memories), out)
    run_yosys(commands, log=log, cwd=out)


def write_cell_functions(cells: Sequence[str], *, synthesized: Path, out: Path, log: Path) -> None:
    """Write the functions of cells, as the library has them, to cells.v in the folder `out`.

    Raises
    ------
    ToolError
        If Yosys fails, as it does for a cell that the library lacks.
    """
    commands = [
        f"read_liberty {quote(synthesized / CELLS_LIBERTY, out)}",
        f"select -assert-mod-count {len(cells)} {' '.join(f'={cell}' for cell in cells)}",
        f"select {' '.join(f'={cell}' for cell in cells)}",
        f"write_verilog -noattr -selected {CELLS_VERILOG}",
    ]
    run_yosys(commands, log=log, cwd=out)
    path = out / CELLS_VERILOG
    # Their pins are the nets of the netlist, which are recorded; so is nothing twice.
    functions = path.read_text(encoding="utf-8")
    text = f"/* verilator tracing_off */\n{functions}/* verilator tracing_on */\n"
    path.write_text(text, encoding="utf-8")
