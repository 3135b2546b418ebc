"""The registers of one design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .blocks import BLOCKS, TENSOR_WORDS, TENSORS_OFFSET
from .description import WORD_BYTES, Access, Block, Register
from .tensors import TensorEntry

_LEAST_WINDOW = 0x1000
"""Bytes; what systems give a peripheral at least."""


@dataclass(frozen=True, kw_only=True)
class PlacedRegister:
    """A register at its address.

    Parameters
    ----------
    address
        In bytes.
    block
        That it is in.
    entry
        Which one of the block's entries; 0 if it is not repeated.
    register
    """

    address: int
    block: Block
    entry: int
    register: Register

    @property
    def block_name(self) -> str:
        """Of the block, with the entry's number if it is repeated."""
        return f"{self.block.name}_{self.entry}" if self.block.is_repeated else self.block.name


@dataclass(frozen=True, kw_only=True)
class RegisterMap:
    """Which registers a design has, and what the constant ones say.

    Parameters
    ----------
    name
        Of the design.
    constants
        Words of constant registers but the table's, by the register's name.
    tensors
        The table: inputs, then outputs.
    absent
        Names of blocks that this design is without: they read zero.

    Raises
    ------
    ValueError
        If a constant register is missing or another one is named.
    """

    name: str
    constants: Mapping[str, int]
    tensors: tuple[TensorEntry, ...]
    absent: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        wanted = {
            placed.register.name
            for placed in self
            if not placed.block.is_repeated and is_constant(placed.register)
        }
        if wanted != set(self.constants):
            raise ValueError(
                f"Constant registers must be {sorted(wanted)}, not {sorted(self.constants)}"
            )

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Those that the design has."""
        return tuple(block for block in BLOCKS if block.name not in self.absent)

    def entries(self, block: Block) -> int:
        """How often a block stands there."""
        return len(self.tensors) if block.is_repeated else 1

    def __iter__(self) -> Iterator[PlacedRegister]:
        """All registers by their addresses."""
        for block in self.blocks:
            for entry in range(self.entries(block)):
                for register in block.registers:
                    address = block.offset + entry * block.size + register.offset
                    yield PlacedRegister(
                        address=address, block=block, entry=entry, register=register
                    )

    @property
    def window(self) -> int:
        """Bytes of the address window, a power of two."""
        end = TENSORS_OFFSET + len(self.tensors) * WORD_BYTES * TENSOR_WORDS
        return max(_LEAST_WINDOW, 1 << (end - 1).bit_length())

    @property
    def address_bits(self) -> int:
        """Bits of an address in bytes."""
        return self.window.bit_length() - 1

    @property
    def words(self) -> dict[int, int]:
        """What constant registers read, by address."""
        words: dict[int, int] = {}
        for placed in self:
            if is_constant(placed.register):
                name = placed.register.name
                in_table = placed.block.is_repeated
                values = self.tensors[placed.entry].values() if in_table else self.constants
                words[placed.address] = values[name]
        return words


def is_constant(register: Register) -> bool:
    """Whether all of a register is settled when the design is built."""
    return all(field.access is Access.CONSTANT for field in register.fields)
