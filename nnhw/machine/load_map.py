"""What a programmable machine is loaded with, and where: the address map of its load port."""

from __future__ import annotations

from dataclasses import dataclass

from .machine import Machine
from .operands import PARAMETERS, WEIGHTS

LOAD_BITS = 32
"""Bits of a write to the load port."""

GEOMETRY = ("last layer", "last beat", "last output")
"""Rows of the section of this name: the number of layers, of beats of an input frame, and of
outputs of a frame, each less one."""

SECTION_BITS = 4
"""Bits of an address that choose a section; its number."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A memory, or registers, that the load port writes.

    Its words are `width` bits wide and written in columns of `LOAD_BITS`, the lowest bits first.

    Parameters
    ----------
    name
        What it is called.
    number
        The highest bits of its addresses.
    rows, width
        Words, and bits of each; a width of 0 if there is nothing to be written.
    parity
        Whether each column has a bit of parity, which is checked. All of its rows are loaded then.
    banks
        How many networks it holds `rows` of.
    """

    name: str
    number: int
    rows: int
    width: int
    parity: bool = False
    banks: int = 1

    def __len__(self) -> int:
        return self.rows

    @property
    def columns(self) -> int:
        """Writes of a word."""
        return -(-self.width // LOAD_BITS)

    @property
    def column_bits(self) -> int:
        """The lowest bits of an address: the column."""
        return (max(1, self.columns) - 1).bit_length()

    @property
    def row_bits(self) -> int:
        """The bits above these: the row."""
        return (self.rows - 1).bit_length()

    @property
    def depth(self) -> int:
        """Words of a memory that holds all banks: the bank is the bit above the row's."""
        return self.rows + (self.banks - 1 << max(1, self.row_bits))


@dataclass(frozen=True)
class LoadMap:
    """All sections of a machine, by name.

    The address of a write is the section's number, then its row, then its column; the number
    begins at bit `offset_bits`, the same for all. With two banks, the bank is the highest bit.
    """

    sections: dict[str, Section]
    banks: int = 1

    @classmethod
    def of(cls, machine: Machine) -> LoadMap:
        """That of a machine."""
        limits, datapath = machine.limits, machine.datapath
        activation = datapath.widths.activation
        programs = {kind: (limits.layers, layout.width) for kind, layout in limits.layouts.items()}
        sizes = {
            "control": (1, 1),
            "geometry": (len(GEOMETRY), LOAD_BITS),
            "fetch": programs["fetch"],
            "drain": programs["drain"],
            "write-back": programs["write-back"],
            "residual": programs.get("residual", (0, 0)),
            "weights": (WEIGHTS.words(machine), WEIGHTS.width(machine)),
            "parameters": (PARAMETERS.words(machine), PARAMETERS.width(machine)),
            "tables": (datapath.tables << activation, activation),
        }
        banks = machine.config.program_banks
        return cls(
            {
                name: Section(
                    name=name,
                    number=number,
                    rows=rows,
                    width=width,
                    parity=machine.config.parity and name not in ("control", "geometry"),
                    banks=1 if name == "control" else banks,
                )
                for number, (name, (rows, width)) in enumerate(sizes.items())
                if rows
            },
            banks,
        )

    @property
    def offset_bits(self) -> int:
        """Bits of an address below the section's number."""
        return max(s.row_bits + s.column_bits for s in self.sections.values())

    @property
    def bank_offset(self) -> int:
        """Lowest bit of an address above the section's number."""
        return self.offset_bits + SECTION_BITS

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return self.bank_offset + self.banks - 1

    def address(self, section: Section, row: int = 0, column: int = 0, *, bank: int = 0) -> int:
        """Where a column of a word is written."""
        place = row << section.column_bits | column
        return bank << self.bank_offset | section.number << self.offset_bits | place
