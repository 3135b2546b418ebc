"""Registers in SystemRDL 2.0 (Accellera), from which everything else is printed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from .description import Access, Block, Field, Register
from .register_map import PlacedRegister, RegisterMap

TYPE_NAME = "nnhw"
"""Name of the address map's type in all designs: what is generated is called by it."""

_PROPERTIES = {
    Access.CONSTANT: "sw = r; hw = na;",
    Access.STATUS: "sw = r; hw = w;",
    Access.STORED: "sw = rw; hw = r;",
    Access.COMMAND: "sw = w; hw = r; singlepulse;",
    Access.FLAG: "sw = rw; woclr; hw = r; hwset;",
    Access.COUNT: "sw = r; hw = w;",
    Access.KEPT: "sw = r; hw = w;",
    Access.POINTER: "sw = rw; hw = rw;",
    Access.PORT: "sw = w; hw = r;",
    Access.NEXT: "sw = r; hw = w; onread = ruser;",
}
_DRIVEN = (Access.STATUS, Access.COUNT, Access.KEPT, Access.NEXT)
"""Those without a value after reset."""


def system_rdl(registers: RegisterMap) -> str:
    """The registers of a design; constant ones have their values as values after reset, and those
    that are loaded with a network have none."""
    lines = [
        f"// Registers of {registers.name}: {registers.window} bytes of addresses.",
        f"addrmap {TYPE_NAME} {{",
        f'  name = "{registers.name}";',
        '  desc = "Registers of an accelerator made by nnhw.";',
        "  default regwidth = 32;",
        "  default accesswidth = 32;",
        "  littleendian;",
        "  lsb0;",
    ]
    words = registers.words
    for (name, block), placed in groupby(registers, lambda each: (each.block_name, each.block)):
        lines += (f"  {line}" for line in _block(name, block, list(placed), words))
    return "\n".join([*lines, "};"]) + "\n"


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _block(
    name: str, block: Block, registers: list[PlacedRegister], words: dict[int, int]
) -> Iterator[str]:
    yield "regfile {"
    yield f"  desc = {_text(block.help + '.')};"
    for placed in registers:
        word = words.get(placed.address)
        yield from (f"  {line}" for line in _register(placed.register, word))
    start = registers[0].address - registers[0].register.offset
    yield f"}} {name} @ {start:#05x};"


def _register(register: Register, word: int | None) -> Iterator[str]:
    # what reading does is beyond what the language can say of registers of its own
    is_queue = any(field.access is Access.NEXT for field in register.fields)
    yield f"{'external ' * is_queue}reg {{"
    yield f"  desc = {_text(register.help + '.')};"
    for field in register.fields:
        yield from (f"  {line}" for line in _field(field, word))
    yield f"}} {register.name} @ {register.offset:#04x};"


def _field(field: Field, word: int | None) -> Iterator[str]:
    access, value = field.access, field.reset
    if access is Access.CONSTANT and word is not None:
        value = (word & field.mask) >> field.low
    elif access is Access.CONSTANT:
        access = Access.STATUS
    yield f"field {{ {_PROPERTIES[access]}"
    yield f"  desc = {_text(field.help + '.')};"
    reset = "" if access in _DRIVEN else f" = {field.width}'h{value:x}"
    yield f"}} {field.name}[{field.high}:{field.low}]{reset};"
