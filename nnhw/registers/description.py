"""What registers, their fields and blocks of them are, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WORD_BITS = 32
WORD_BYTES = 4


class Access(StrEnum):
    """What a field is to software, and what hardware does with it."""

    CONSTANT = "constant"
    """Read-only; settled when the design is built."""
    STATUS = "status"
    """Read-only; hardware drives it."""
    STORED = "stored"
    """Read and written by software; hardware reads it."""
    COMMAND = "command"
    """Reads zero; writing one does something once."""
    FLAG = "flag"
    """Hardware sets it, writing one clears it; a set wins over a clear in the same cycle."""
    COUNT = "count"
    """Low word of a counter of 64 bits; reading it keeps the high word for the next read."""
    KEPT = "kept"
    """The high word that the last read of a `COUNT` has kept."""
    POINTER = "pointer"
    """Like `STORED`; hardware adds one when it has used it."""
    PORT = "port"
    """Reads zero; a write of the whole word hands it on to hardware, whatever it is."""
    NEXT = "next"
    """Read-only; the next word of a queue, which reading takes out; zero if there is none."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """Neighbouring bits of a register.

    Parameters
    ----------
    name
        Unique in its register.
    help
        One sentence, without the full stop.
    low
        Its lowest bit.
    width
        Bits.
    access
        What it is.
    reset
        Value after a reset, of a stored field.
    """

    name: str
    help: str
    low: int = 0
    width: int = WORD_BITS
    access: Access = Access.CONSTANT
    reset: int = 0

    def __post_init__(self) -> None:
        if not (self.width >= 1 and self.low >= 0 and self.low + self.width <= WORD_BITS):
            raise ValueError(f"Field '{self.name}' does not fit into {WORD_BITS} bits")
        if not 0 <= self.reset < 1 << self.width:
            raise ValueError(f"Reset value of field '{self.name}' does not fit into its bits")

    @property
    def high(self) -> int:
        """Its highest bit."""
        return self.low + self.width - 1

    @property
    def mask(self) -> int:
        """The register's bits that are its own."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True, kw_only=True)
class Register:
    """A word of 32 bits.

    Parameters
    ----------
    name
        Unique in its block.
    offset
        In bytes from the beginning of its block; a multiple of 4.
    help
        One sentence, without the full stop.
    fields
        From the lowest bit up; bits of none read zero.
    of_network
        Whether it says something about the network: a programmable design is loaded with it.
    """

    name: str
    offset: int
    help: str
    fields: tuple[Field, ...]
    of_network: bool = False

    def __post_init__(self) -> None:
        if self.offset % WORD_BYTES:
            raise ValueError(f"Register '{self.name}' is not at a multiple of {WORD_BYTES}")
        for lower, upper in zip(self.fields, self.fields[1:], strict=False):
            if lower.high >= upper.low:
                raise ValueError(f"Fields of register '{self.name}' overlap")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Registers that are there together or not at all.

    Parameters
    ----------
    name
        Unique.
    offset
        In bytes, fixed for all designs.
    size
        Bytes; of each entry, if it is repeated.
    help
        One sentence, without the full stop.
    registers
        In the order of their offsets.
    is_repeated
        Whether it stands there once for each tensor, one entry behind the other.
    """

    name: str
    offset: int
    size: int
    help: str
    registers: tuple[Register, ...]
    is_repeated: bool = False

    def __post_init__(self) -> None:
        end = 0
        for register in self.registers:
            if register.offset < end:
                raise ValueError(f"Registers of block '{self.name}' overlap")
            end = register.offset + WORD_BYTES
        if end > self.size:
            raise ValueError(f"Registers of block '{self.name}' do not fit into {self.size} bytes")
