"""The Verilog of a design as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..mapping import Program
from ..registers import RegisterMap
from ..shell import ShellConfig
from .verilog import ExportedMemories, Hierarchy, design_netlist, generate_verilog


@dataclass(frozen=True, kw_only=True)
class Rtl:
    """The folder rtl/ of a design, but for its instantiation template.

    Parameters
    ----------
    sources
        Texts of Verilog files by name.
    contents
        Texts of the files that the Verilog names in $readmemh, by name.
    memories
        All memories, as manifests list them; see `ExportedMemory`.
    netlist
        What the Verilog was written from; None if it was read from files.
    """

    sources: Mapping[str, str]
    contents: Mapping[str, str] = field(default_factory=dict)
    memories: Sequence[dict[str, Any]]
    netlist: Hierarchy | None = field(default=None, repr=False)


def make_rtl(
    program: Program,
    *,
    weight_files: bool = False,
    initial: bool = True,
    shell: ShellConfig | None = None,
    registers: RegisterMap | None = None,
) -> Rtl:
    """Generate the Verilog of a program's accelerator.

    Parameters
    ----------
    weight_files, initial
        See `ExportedMemories`.
    shell
        What surrounds the engine; None: nothing but wires.
    registers
        What its control bus reaches, if it has one.
    """
    memories = ExportedMemories(program.name, files=weight_files, initial=initial)
    netlist = design_netlist(program, shell=shell, registers=registers)
    verilog = generate_verilog(program, memories, shell=shell, registers=registers, netlist=netlist)
    return Rtl(
        sources={f"{program.name}.v": verilog},
        contents=memories.texts,
        memories=[memory.to_dict() for memory in memories.memories],
        netlist=netlist,
    )
