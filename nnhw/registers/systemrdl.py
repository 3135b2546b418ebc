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
}
_HAS_RESET = (Access.CONSTANT, Access.STORED, Access.COMMAND, Access.FLAG)


def system_rdl(registers: RegisterMap) -> str:
    """The registers of a design; constant ones have their values as values after reset."""
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
        word = words.get(placed.address, 0)
        yield from (f"  {line}" for line in _register(placed.register, word))
    start = registers[0].address - registers[0].register.offset
    yield f"}} {name} @ {start:#05x};"


def _register(register: Register, word: int) -> Iterator[str]:
    yield "reg {"
    yield f"  desc = {_text(register.help + '.')};"
    for field in register.fields:
        yield from (f"  {line}" for line in _field(field, word))
    yield f"}} {register.name} @ {register.offset:#04x};"


def _field(field: Field, word: int) -> Iterator[str]:
    yield f"field {{ {_PROPERTIES[field.access]}"
    yield f"  desc = {_text(field.help + '.')};"
    value = (word & field.mask) >> field.low if field.access is Access.CONSTANT else field.reset
    reset = f" = {field.width}'h{value:x}" if field.access in _HAS_RESET else ""
    yield f"}} {field.name}[{field.high}:{field.low}]{reset};"
