"""The memories of a design, of which the large ones become macros."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MACRO_BITS = 512
"""Memories of at least so many bits become macros; smaller ones flip-flops and gates."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A memory that becomes a macro.

    Parameters
    ----------
    name
        Its name in the design, as Yosys has it.
    module
        Name of the macro.
    words, width, address_bits
        Its shape.
    contents
        Of a memory that is never written: its words. None: it is written.
    """

    name: str
    module: str
    words: int
    width: int
    address_bits: int
    contents: tuple[int, ...] | None

    @property
    def bits(self) -> int:
        """Its size."""
        return self.words * self.width


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """A macro and how often a design has it.

    Parameters
    ----------
    module
        Its name: nnhw_sram_WORDSxWIDTH or nnhw_rom_WORDSxWIDTH_NUMBER.
    count
        How many.
    bits
        Of one of them.
    """

    module: str
    count: int
    bits: int


def find_memories(netlist: Mapping[str, Any], top: str) -> tuple[Memory, ...]:
    """The memories of a flat design that become macros.

    These are the large ones that the macros' interface suits: one read port whose output is
    registered, and at most one write port of the same clock that writes whole words.

    Parameters
    ----------
    netlist
        What Yosys's `write_json` writes before memories are mapped, parsed.
    """
    cells = netlist["modules"][top]["cells"]
    memories: list[Memory] = []
    roms = 0
    for name in sorted(cells):
        cell = cells[name]
        if cell["type"] != "$mem_v2" or not _suits(cell):
            continue
        parameters = cell["parameters"]
        words, width = _number(parameters, "SIZE"), _number(parameters, "WIDTH")
        contents = None
        module = f"nnhw_sram_{words}x{width}"
        if not _number(parameters, "WR_PORTS"):
            contents = _contents(parameters["INIT"], words, width)
            module = f"nnhw_rom_{words}x{width}_{roms}"
            roms += 1
        memories.append(
            Memory(
                name=parameters["MEMID"],
                module=module,
                words=words,
                width=width,
                address_bits=_number(parameters, "ABITS"),
                contents=contents,
            )
        )
    return tuple(memories)


def count_memories(memories: Sequence[Memory]) -> tuple[MemoryUse, ...]:
    """The macros of a design, by name."""
    counts = Counter(memory.module for memory in memories)
    bits = {memory.module: memory.bits for memory in memories}
    return tuple(
        MemoryUse(module=module, count=counts[module], bits=bits[module])
        for module in sorted(counts)
    )


def _suits(cell: Mapping[str, Any]) -> bool:
    parameters, pins = cell["parameters"], cell["connections"]
    reads, writes = _number(parameters, "RD_PORTS"), _number(parameters, "WR_PORTS")
    if _number(parameters, "SIZE") * _number(parameters, "WIDTH") < MACRO_BITS:
        return False
    if reads != 1 or writes > 1 or _number(parameters, "OFFSET"):
        return False
    if parameters["RD_CLK_ENABLE"] != "1" or parameters["RD_CLK_POLARITY"] != "1":
        return False
    registered_without_reset = (
        pins["RD_ARST"] == ["0"]
        and pins["RD_SRST"] == ["0"]
        and set(parameters["RD_INIT_VALUE"]) == {"x"}
    )
    if not writes:
        return registered_without_reset
    return (
        registered_without_reset
        and parameters["WR_CLK_ENABLE"] == "1"
        and parameters["WR_CLK_POLARITY"] == "1"
        and pins["WR_CLK"] == pins["RD_CLK"]
        and len(set(pins["WR_EN"])) == 1
        and set(parameters["INIT"]) == {"x"}
        and "1" not in parameters["RD_TRANSPARENCY_MASK"]
    )


def _number(parameters: Mapping[str, str], name: str) -> int:
    return int(parameters[name], 2)


def _contents(bits: str, words: int, width: int) -> tuple[int, ...]:
    """Words of an initial value, whose last bit is the first word's lowest; X is 0."""
    known = bits.replace("x", "0").rjust(words * width, "0")
    ends = [len(known) - word * width for word in range(words)]
    return tuple(int(known[end - width : end], 2) for end in ends)
