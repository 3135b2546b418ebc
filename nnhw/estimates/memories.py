"""What becomes of memories that are left to the synthesizer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .fabric import Fabric
from .features import MemoryShape

_SELECTION_COST = Fraction(1, 2)
"""Of a bit that is chosen among two rows of cells."""
_ENABLE_COST = Fraction(1, 2)
"""Of the enable of a row of cells."""
_USE_COST = 2
"""Of cells by themselves, against logic."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """What a memory takes.

    Parameters
    ----------
    luts
        Look-up tables that hold it.
    blocks
        Block RAMs.
    selected
        Bits of words among which is chosen, since a cell has not as many: a bit for each of a
        word's, times the rows of cells but one.
    registers
        Bits of words that are kept in flip-flops, since its cells have no registers.
    rom_bits, ram_bits
        What is left as logic.
    """

    luts: int = 0
    blocks: Fraction = Fraction(0)
    selected: int = 0
    registers: int = 0
    rom_bits: int = 0
    ram_bits: int = 0


def place_memory(shape: MemoryShape, fabric: Fabric) -> MemoryUse:
    """How Yosys builds a memory: the cheapest way, by the costs of its libraries, where words of
    all rows of cells lie bit beside bit (`memory_libmap`, `handle_geom`).

    Small memories need a write port to be made of look-up tables, and block RAMs a registered one
    to be read by.
    """
    bits = shape.width * shape.depth
    is_rom = not shape.writes
    registers = shape.width * shape.reads if shape.registered else 0
    best = MemoryUse(
        registers=registers, rom_bits=bits if is_rom else 0, ram_bits=0 if is_rom else bits
    )
    best_cost = bits * (fabric.rom_bit_cost if is_rom else Fraction(1))
    for cell in fabric.memory_cells:
        if (cell.luts and is_rom) or (cell.blocks and not shape.registered):
            continue
        reads = max(1, shape.reads)
        rows = -(-shape.depth // cell.depth)
        byte = 1 if is_rom else min(cell.byte or cell.width, cell.width)
        count = -(-rows * -(-shape.width // byte) * byte // cell.width) * reads
        selected = (rows - 1) * shape.width * reads
        filled = Fraction(rows * shape.width * reads, cell.width)
        enables = rows * shape.writes if rows > 1 else 0
        cost = (
            (cell.cost - cell.width_cost) * count
            + cell.width_cost * filled
            + _SELECTION_COST * selected
            + _ENABLE_COST * enables
        )
        if cost + _USE_COST < best_cost:
            best_cost = cost + _USE_COST
            best = MemoryUse(
                luts=count * cell.luts,
                blocks=count * Fraction(cell.blocks),
                selected=selected,
                registers=registers if cell.luts else 0,
            )
    return best
