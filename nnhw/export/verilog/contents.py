"""Initial contents of large memories in files of their own, which $readmemh reads."""

from __future__ import annotations

from .names import UniqueNames, identifier
from .netlist import Memory

LEAST_BITS = 16 * 1024
"""Smaller memories keep their contents in the Verilog: a block RAM or two do not make it long."""


class MemoryFiles:
    """Collects the contents of the large memories of a design that is being written.

    The Verilog names the files without a folder. Synthesizers look for them beside the Verilog, and
    simulators in the folder that they run in.

    Parameters
    ----------
    design
        Name that all file names begin with.

    Attributes
    ----------
    texts : dict of str to str
        What is to be written, by file name.
    """

    def __init__(self, design: str):
        self._design = design
        self._names: dict[str, str] = {}
        self._unique = UniqueNames()
        self.texts: dict[str, str] = {}

    def place(self, module: str, memory: Memory) -> str | None:
        """Name of the file for a memory of the module with this path; None if it has to have none.

        Equal contents share a file, so that modules that are alike stay alike.
        """
        if memory.width * memory.depth < LEAST_BITS or len(set(memory.words)) == 1:
            return None
        digits = -(-memory.width // 4)
        text = "".join(f"{word:0{digits}x}\n" for word in memory.words)
        if text not in self._names:
            stem = self._unique(f"{self._design}_{identifier(module.split('.')[-1])}")
            self._names[text] = f"{stem}.hex"
            self.texts[self._names[text]] = text
        return self._names[text]
