"""Registers in plain Python, after their description: what accesses do and read."""

from __future__ import annotations

import random
from collections.abc import Mapping

from nnhw.registers import Access, RegisterMap
from nnhw.registers.register_map import constant_row

WORD = 0xFFFFFFFF


def strobe_mask(strobe: int) -> int:
    """The bits of the bytes that a strobe selects."""
    return sum(0xFF << 8 * byte for byte in range(4) if strobe >> byte & 1)


class Addresses:
    """Random addresses of words, mostly those of registers, and mostly of changing ones."""

    def __init__(self, registers: RegisterMap):
        self.window = registers.window
        self.known = [placed.address for placed in registers]
        constant = registers.words
        self.changing = [address for address in self.known if address not in constant]

    def draw(self, rng: random.Random) -> int:
        """An address."""
        some = rng.random()
        if some < 0.2:
            return rng.randrange(0, self.window, 4)
        return rng.choice(self.known if some < 0.45 else self.changing)


class RegisterModel:
    """All registers of a map.

    `stored` and `flags` are words by register; `inputs` are what hardware says, by the names of
    the bank's ports. `loaded` are words of the memory that is loaded with a network, those of the
    second bank from 256 on.
    """

    def __init__(self, registers: RegisterMap):
        self.words = registers.words
        self.placed = {p.address: p for p in registers}
        self.loads = {p.address for p in registers if registers.loads(p)}
        self.loaded: dict[int, int] = {}
        self.stored = {p.register.name: self._reset(p.register) for p in registers}
        self.kept = 0
        self.flags = [
            (f"{p.register.name}_{f.name}", p.register.name, f.mask)
            for p in registers
            for f in p.register.fields
            if f.access is Access.FLAG
        ]

    @staticmethod
    def _reset(register) -> int:
        return sum(f.reset << f.low for f in register.fields)

    def is_mapped(self, address: int) -> bool:
        """Whether there is a register."""
        return address & ~3 in self.placed

    def read(self, address: int, inputs: Mapping[str, int]) -> int:
        """Read a word."""
        address &= ~3
        if address in self.words:
            return self.words[address]
        if address in self.loads:
            control = self.stored["load_control"]
            bank = control >> 2 & 1
            return self.loaded[256 * bank + constant_row(address)] if control & 2 else 0
        if address not in self.placed:
            return 0
        register = self.placed[address].register
        access = register.fields[0].access
        if access is Access.COUNT:
            count = inputs[register.name.removesuffix("_low")]
            self.kept = count >> 32
            return count & WORD
        if access is Access.KEPT:
            return self.kept
        value = self.stored[register.name]
        for field in register.fields:
            if field.access in (Access.STATUS, Access.NEXT):
                value |= inputs[f"{register.name}_{field.name}"] << field.low
        return value

    def write(self, address: int, data: int, strobe: int) -> dict[str, int]:
        """Write a word; the commands that this gives, by the bank's ports."""
        address &= ~3
        mask, commands = strobe_mask(strobe), {}
        if address in self.placed:
            register = self.placed[address].register
            name = register.name
            for field in register.fields:
                bits = mask & field.mask
                if field.access in (Access.STORED, Access.POINTER):
                    self.stored[name] = self.stored[name] & ~bits | data & bits
                elif field.access is Access.FLAG:
                    self.stored[name] &= ~(data & bits)
                elif field.access is Access.PORT and bits == WORD:
                    commands[f"{name}_{field.name}_written"] = data
                elif field.access is Access.COMMAND and data & bits:
                    commands[f"{name}_{field.name}"] = (data & bits) >> field.low
        return commands

    def set_flags(self, inputs: Mapping[str, int]) -> None:
        """What hardware sets in this cycle, after an access."""
        for port, register, mask in self.flags:
            if inputs[port]:
                self.stored[register] |= mask

    @property
    def irq(self) -> int:
        """Whether an interrupt is pending."""
        return int(self.stored["irq_status"] & self.stored["irq_enable"] != 0)
