"""Yosys scripts: from the exported Verilog to netlists."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..design import ExportedDesign
from ..families import Target
from .family_synthesis import target_script
from .floorplan import fix_cells
from .harness import PINS, TOP, read_ports, write_harness
from .placer import PinPlace, find_placer
from .yosys import WRITE_STATISTICS, quote, run_yosys

NETLIST = "netlist.json"
"""The synthesized design as nextpnr reads it."""
NETLIST_RTLIL = "netlist.il"
"""Likewise, without the libraries' modules, as Yosys reads it."""
PINNED = "pinned.json"
"""The synthesized design in its harness."""


def read_commands(sources: Iterable[Path], top: str, cwd: Path) -> list[str]:
    """Commands that read a design's Verilog, for Yosys in the folder `cwd`.

    Tables of case statements, such as an engine's program, stay logic: Yosys would put large ones
    into block RAM, whose outputs come late. What is meant to be there is written as an array.
    """
    reads = [f"read_verilog {quote(source, cwd)}" for source in sources]
    return [*reads, f"hierarchy -top {top}", "proc -norom"]


def synthesis_commands(design: ExportedDesign, target: Target, out: Path) -> list[str]:
    """The commands of `synthesize`; the same for each `out` beside another."""
    top = design.top
    return [
        *read_commands(design.sources, top, out),
        *target_script(target, top, pins=False),
        WRITE_STATISTICS,
        f"write_json {NETLIST}",
        "write_verilog -noattr netlist.v",
        f"select ={top}",
        f"write_rtlil -selected {NETLIST_RTLIL}",
    ]


def synthesize(design: ExportedDesign, target: Target, *, out: Path, log: Path) -> None:
    """Synthesize a design: netlist.json, netlist.v, netlist.il and statistics in the folder `out`.

    Raises
    ------
    ToolError
        If Yosys is not installed or fails.
    """
    run_yosys(synthesis_commands(design, target, out), log=log, cwd=out)


def pin_commands(design: ExportedDesign, target: Target, synthesized: Path, out: Path) -> list[str]:
    """The commands of `add_pins`."""
    return [
        "read_verilog harness.v",
        *target_script(target, TOP, pins=True),
        # The design's own netlist takes the place of the black box, as it is.
        f"delete ={design.top}",
        f"read_rtlil {quote(synthesized / NETLIST_RTLIL, out)}",
        f"hierarchy -check -top {TOP}",
        "flatten",
        "clean",
        f"write_json {PINNED}",
    ]


def add_pins(
    design: ExportedDesign, target: Target, *, synthesized: Path, out: Path, log: Path
) -> None:
    """Put a synthesized design in its harness: pinned.json in the folder `out`.

    Where the target's pins have to be chosen, also a file of constraints.

    Parameters
    ----------
    synthesized
        The folder that `synthesize` wrote.

    Raises
    ------
    ToolError
        If Yosys is not installed or fails.
    """
    ports = read_ports(synthesized / NETLIST, design.top)
    (out / "harness.v").write_text(
        write_harness(design.top, design.clocks, ports), encoding="utf-8"
    )
    if target.pins:
        places = [PinPlace(port=port, pin=pin) for port, pin in zip(PINS, target.pins, strict=True)]
        _pin_file(target, out).write_text(find_placer(target).constraints(places), encoding="utf-8")
    run_yosys(pin_commands(design, target, synthesized, out), log=log, cwd=out)
    fix_cells(out / PINNED, target)


def pin_constraints(target: Target, folder: Path) -> Path | None:
    """The constraints that `add_pins` wrote to `folder`; None if pins may be chosen freely."""
    return _pin_file(target, folder) if target.pins else None


def _pin_file(target: Target, folder: Path) -> Path:
    return folder / f"pins{find_placer(target).constraints_suffix}"
