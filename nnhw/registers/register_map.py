"""The registers of one design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .blocks import BLOCKS, LOADED_TENSORS, LOW_WORDS, TENSOR_WORDS, TENSORS_OFFSET
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
        Names of blocks that this design is without: they read zero; and of fields, with that of
        their register in front: "error_cause.load_refused".
    is_loaded
        Whether what they say about the network is loaded with it. There are `LOADED_TENSORS`
        entries then, whatever the network has.

    Raises
    ------
    ValueError
        If a constant register is missing or another one is named, or the network has more tensors
        than can be loaded.
    """

    name: str
    constants: Mapping[str, int]
    tensors: tuple[TensorEntry, ...]
    absent: frozenset[str] = frozenset()
    is_loaded: bool = False

    def __post_init__(self) -> None:
        if self.is_loaded and len(self.tensors) > LOADED_TENSORS:
            raise ValueError(f"{len(self.tensors)} tensors are more than {LOADED_TENSORS}")
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
        if not block.is_repeated:
            return 1
        return self.tensor_entries

    @property
    def tensor_entries(self) -> int:
        """Entries of the table of tensors."""
        return LOADED_TENSORS if self.is_loaded else len(self.tensors)

    def __iter__(self) -> Iterator[PlacedRegister]:
        """All registers by their addresses."""
        for block in self.blocks:
            registers = [self._present(register) for register in block.registers]
            for entry in range(self.entries(block)):
                for register in registers:
                    address = block.offset + entry * block.size + register.offset
                    yield PlacedRegister(
                        address=address, block=block, entry=entry, register=register
                    )

    def _present(self, register: Register) -> Register:
        """A register without the fields that are absent."""
        if not any(f"{register.name}.{field.name}" in self.absent for field in register.fields):
            return register
        present = (f for f in register.fields if f"{register.name}.{f.name}" not in self.absent)
        return replace(register, fields=tuple(present))

    @property
    def banks(self) -> int:
        """How many networks what is loaded has room for."""
        return 1 + (self.is_loaded and "load_control.bank" not in self.absent)

    @property
    def window(self) -> int:
        """Bytes of the address window, a power of two."""
        end = TENSORS_OFFSET + self.tensor_entries * WORD_BYTES * TENSOR_WORDS
        return max(_LEAST_WINDOW, 1 << (end - 1).bit_length())

    @property
    def address_bits(self) -> int:
        """Bits of an address in bytes."""
        return self.window.bit_length() - 1

    @property
    def words(self) -> dict[int, int]:
        """What constant registers read, by address, but for those that are loaded."""
        return {
            placed.address: self._value(placed)
            for placed in self
            if is_constant(placed.register) and not self.loads(placed)
        }

    @property
    def description(self) -> list[int]:
        """What is loaded with the network: words of the memory of constants, by `constant_row`.

        It ends behind the network's last tensor; what is not of the network is zero.
        """
        words = [0] * (LOW_WORDS + TENSOR_WORDS * len(self.tensors))
        for placed in self:
            if self.loads(placed) and placed.entry < max(1, len(self.tensors)):
                words[constant_row(placed.address)] = self._value(placed)
        return words

    def loads(self, placed: PlacedRegister) -> bool:
        """Whether a register's word is loaded with the network."""
        is_of_network = placed.block.is_repeated or placed.register.of_network
        return self.is_loaded and is_of_network

    def _value(self, placed: PlacedRegister) -> int:
        in_table = placed.block.is_repeated
        values = self.tensors[placed.entry].values() if in_table else self.constants
        return values[placed.register.name]


def constant_row(address: int) -> int:
    """Where the word of a constant register stands in a memory of them: first the low ones, then
    the table of tensors."""
    if address < TENSORS_OFFSET:
        return address // WORD_BYTES
    return LOW_WORDS + (address - TENSORS_OFFSET) // WORD_BYTES


def description_row(name: str) -> int:
    """Where the word of a constant register stands there, by its name; of the table, the first
    entry's."""
    (address,) = (
        block.offset + register.offset
        for block in BLOCKS
        for register in block.registers
        if register.name == name
    )
    return constant_row(address)


def is_constant(register: Register) -> bool:
    """Whether all of a register is settled when the design is built."""
    return all(field.access is Access.CONSTANT for field in register.fields)
