"""What synthesis for a family has to build with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from fractions import Fraction

from ..families import Resource


class Bypass(Enum):
    """How a flip-flop gets data past the look-up table that is before it."""

    FREE = auto()
    """By a way of its own: whatever the look-up table is used for."""
    SHARED = auto()
    """Through the look-up table: it computes these data, and others may read them, too, or it is
    used for nothing else."""
    ALONE = auto()
    """Likewise, but nothing else can read what the look-up table computes."""


@dataclass(frozen=True, kw_only=True)
class MemoryCell:
    """One way to use a cell that memories are made of.

    Parameters
    ----------
    depth, width
        Words, and bits of each.
    cost
        What Yosys weighs it by: its library of the family has it.
    width_cost
        The share of the cost that falls with bits of words that are not used.
    byte
        Bits that are written together, so that words take whole ones; 0 if all are.
    luts
        Look-up tables that it takes.
    blocks
        Block RAMs that it takes.
    """

    depth: int
    width: int
    cost: int
    width_cost: int = 0
    byte: int = 0
    luts: int = 0
    blocks: Fraction | int = 0


def blocks(
    shapes: Mapping[int, int],
    *,
    cost: int,
    byte: int = 0,
    size: Fraction | int = 1,
) -> tuple[MemoryCell, ...]:
    """The ways to use a block RAM, by depths and their widths: `size` of it, if it has parts."""
    return tuple(
        MemoryCell(
            depth=depth,
            width=width,
            cost=cost,
            byte=byte,
            blocks=size,
        )
        for depth, width in shapes.items()
    )


@dataclass(frozen=True, kw_only=True)
class Fabric:
    """The logic of a family, as Yosys uses it: `FABRIC` of the family's `fabric.py`.

    Parameters
    ----------
    lut_inputs
        Of a look-up table.
    least_chain
        Bits of an adder or a comparison from which on it is a carry chain.
    has_reset
        Whether flip-flops have a synchronous reset.
    reset_needs_enable
        Whether they are reset only while their enable is set, so that both have to be joined.
    bypass
        Whether flip-flops without a look-up table before them take the place of one.
    block_ports
        Whether nextpnr puts logic between block RAMs and what is connected to them.
    shift_register
        Length of a chain of flip-flops from which on it becomes a shift register in a look-up
        table; 0 if there is none.
    memory_cells
        What memories that are left to Yosys are made of, unless they are cheaper as logic.
    rom_bit_cost
        Cost of a bit of a read-only memory as logic; a bit of others costs 1.
    least_product
        Bits of both factors from which on a product that is left to Yosys takes a multiplier; 0 if
        none does.
    product_luts
        Look-up tables of a product that takes no multiplier, where the family has cells for that;
        0 if it is gates like all others.
    factors
        Bits of the factors of a multiplier, the wider one first.
    half_factor
        Bits of the factors of half a multiplier; 0 if it has no halves.
    signed_multipliers
        Whether multipliers are of signed factors only, so that all parts of a factor but the
        highest are a bit narrower.
    least_part
        Bits of the part that is left of a factor that is too wide, from which on it takes a
        multiplier, too.
    multipliers_add
        Whether a multiplier adds something to its product, and keeps the sum.
    cells
        Cells of the family's technology that synthesis puts others in place of, and what these
        occupy.
    carries
        Cells of the technology that carry chains are made of, and the input by which each takes
        the carry of the one before.
    """

    lut_inputs: int
    least_chain: int = 3
    has_reset: bool = True
    reset_needs_enable: bool = False
    bypass: Bypass = Bypass.FREE
    block_ports: bool = False
    shift_register: int = 0
    memory_cells: tuple[MemoryCell, ...]
    rom_bit_cost: Fraction = Fraction(1, 16)
    least_product: int = 0
    product_luts: int = 0
    factors: tuple[int, int] = (18, 18)
    half_factor: int = 0
    signed_multipliers: bool = False
    least_part: int = 2
    multipliers_add: bool = False
    cells: Mapping[str, Mapping[Resource, Fraction]] = field(default_factory=dict)
    carries: Mapping[str, str] = field(default_factory=dict)
