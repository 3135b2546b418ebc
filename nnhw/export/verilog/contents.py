"""Memories as they are exported: where their contents are, and what there is to list of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...hdl import MemoryModule
from .instances import Interface
from .names import UniqueNames, identifier
from .netlist import Memory, Module

LEAST_BITS = 16 * 1024
"""Smaller memories keep their contents in the Verilog: a block RAM or two do not make it long."""


@dataclass(frozen=True, kw_only=True)
class ExportedMemory:
    """A memory of a design, which a macro may take the place of.

    Parameters
    ----------
    instance
        Path of its module's instance below the top module, joined by dots.
    module
        Name of its module.
    kind
        "rom" or "ram".
    depth, width
        Words, and bits of a word.
    latency
        Cycles from the row's number to the word: 2 of a vendor's cell with its output register.
    ports
        Of the module, by what they are: the clock, one read port and, of RAM, one write port.
    contents
        Where a ROM's words are: "inline" for the Verilog, "cell" for the parameters of a vendor's
        cell, or a .hex file, relative to the design's folder; None: RAM has none.
    init
        How they get there: "initial", with the configuration of a device; "logic": they are
        constants; "none": RAM powers up with anything.
    """

    instance: str
    module: str
    kind: str
    depth: int
    width: int
    latency: int
    ports: tuple[str, ...]
    contents: str | None
    init: str

    def to_dict(self) -> dict[str, Any]:
        """The parameters by name, for manifests."""
        return {**asdict(self), "ports": list(self.ports)}


class ExportedMemories:
    """How the memories of a design are written, and what is found about them on the way.

    The Verilog names files without a folder. Synthesizers look for them beside the Verilog, and
    simulators in the folder that they run in.

    Parameters
    ----------
    design
        Name that all file names begin with.
    files
        Whether the contents of large memories are put into files, which $readmemh reads.
    initial
        Whether the target has initial contents; else ROM is logic, and registers have no values
        before the reset.

    Attributes
    ----------
    texts : dict of str to str
        The files to be written, by name.
    memories : list of ExportedMemory
        All memories of the design.
    """

    def __init__(self, design: str, *, files: bool = False, initial: bool = True):
        assert initial or not files, "options have been checked"
        self._design = design
        self._files = files
        self.initial = initial
        self._names: dict[str, str] = {}
        self._unique = UniqueNames()
        self.texts: dict[str, str] = {}
        self.memories: list[ExportedMemory] = []

    def place(self, module: str, memory: Memory) -> str | None:
        """Name of the file for a memory whose module has this path; None if it has to have none.

        Equal contents share a file, so that modules that are alike stay alike.
        """
        is_large = memory.width * memory.depth >= LEAST_BITS
        if not (self._files and is_large) or len(set(memory.words)) == 1:
            return None
        digits = -(-memory.width // 4)
        text = "".join(f"{word:0{digits}x}\n" for word in memory.words)
        if text not in self._names:
            *_, component, _ = module.split(".")  # the memory is a part of what it is there for
            stem = self._unique(f"{self._design}_{identifier(component)}")
            self._names[text] = f"{stem}.hex"
            self.texts[self._names[text]] = text
        return self._names[text]

    def add(self, component: MemoryModule, module: Module, interface: Interface) -> None:
        """Note a memory, and the names that its module and this one's ports have got."""
        _, *path = module.name.split(".")
        contents, init = None, "none"
        if component.words is not None:
            init = "initial" if self.initial else "logic"
            contents = "cell"
            for memory in module.memories.values():
                file = self.place(module.name, memory)
                contents = "inline" if file is None else f"rtl/{file}"
        self.memories.append(
            ExportedMemory(
                instance=".".join(map(identifier, path)),
                module=interface.name,
                kind="ram" if component.words is None else "rom",
                depth=component.depth,
                width=component.width,
                latency=component.latency,
                ports=tuple(interface.ports.values()),
                contents=contents,
                init=init,
            )
        )
