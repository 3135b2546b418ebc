"""What becomes of memories that are left to the synthesizer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .fabric import Fabric, MemoryCell
from .features import MemoryShape


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


def _count(cell: MemoryCell, shape: MemoryShape) -> int:
    return -(-shape.depth // cell.depth) * -(-shape.width // cell.width)


def place_memory(shape: MemoryShape, fabric: Fabric) -> MemoryUse:
    """How Yosys builds a memory: the cheapest way, by the costs of its libraries
    (`memory_libmap`).

    Small memories need a write port to be made of look-up tables, and block RAMs a registered one
    to be read by.
    """
    bits = shape.width * shape.depth
    is_rom = not shape.writes
    best: MemoryUse
    best_cost: Fraction | int
    if is_rom:
        best, best_cost = (
            MemoryUse(rom_bits=bits, registers=_registers(shape)),
            bits * fabric.rom_bit_cost,
        )
    else:
        best, best_cost = MemoryUse(ram_bits=bits, registers=_registers(shape)), bits
    for cell in fabric.memory_cells:
        count = _count(cell, shape) * max(1, shape.reads)
        if (cell.luts and is_rom) or (cell.blocks and not shape.registered):
            continue
        if count * cell.cost < best_cost:
            best_cost = count * cell.cost
            best = MemoryUse(
                luts=count * cell.luts,
                blocks=count * Fraction(cell.blocks),
                selected=(-(-shape.depth // cell.depth) - 1) * shape.width * max(1, shape.reads),
                registers=_registers(shape) if cell.luts else 0,
            )
    return best


def _registers(shape: MemoryShape) -> int:
    return shape.width * shape.reads if shape.registered else 0
