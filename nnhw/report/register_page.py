"""A page with all registers of a design, for whoever writes software for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from ..registers import Access, PlacedRegister, RegisterMap
from .templates import render_template

KINDS = {
    Access.CONSTANT: "constant",
    Access.STATUS: "read-only",
    Access.STORED: "read, write",
    Access.COMMAND: "write 1: once",
    Access.FLAG: "read, write 1 to clear",
    Access.COUNT: "read-only; keeps the high word",
    Access.KEPT: "read-only; the high word kept",
    Access.POINTER: "read, write; counts up",
    Access.PORT: "write; whole words",
    Access.NEXT: "read: takes the word",
}
"""What software may do with a field."""


@dataclass(frozen=True)
class _Field:
    bits: str
    name: str
    kind: str
    value: str
    help: str


@dataclass(frozen=True)
class _Register:
    address: int
    name: str
    help: str
    fields: tuple[_Field, ...]


def render_registers(registers: RegisterMap) -> str:
    """The page: static HTML without scripts; constants with their values, all else with that after
    a reset."""
    words = registers.words
    blocks = [
        (name, block.help, [_register(each, words.get(each.address)) for each in placed])
        for (name, block), placed in groupby(registers, lambda each: (each.block_name, each.block))
    ]
    return render_template(
        "registers", title=registers.name, window=registers.window, blocks=blocks
    )


def _register(placed: PlacedRegister, word: int | None) -> _Register:
    fields = tuple(_fields(placed, word))
    return _Register(placed.address, placed.register.name, placed.register.help, fields)


def _fields(placed: PlacedRegister, word: int | None) -> Iterator[_Field]:
    for field in reversed(placed.register.fields):
        value = ""
        if word is not None:
            value = f"{(word & field.mask) >> field.low:#x}"
        elif field.access in (Access.STORED, Access.FLAG, Access.POINTER):
            value = f"{field.reset:#x}"
        elif field.access is Access.CONSTANT:
            value = "as loaded"
        bits = f"{field.high}:{field.low}" if field.width > 1 else str(field.low)
        yield _Field(bits, field.name, KINDS[field.access], value, field.help)
