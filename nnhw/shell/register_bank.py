"""The registers of a design in hardware, as their description says."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.memory import Rom
from ..registers import TENSOR_WORDS, TENSORS_OFFSET, Access, Field, PlacedRegister, RegisterMap
from ..registers.description import WORD_BITS, WORD_BYTES
from ..registers.register_map import is_constant
from .register_bus import READ_LATENCY, RegisterBus

COUNTER_BITS = 64
_LOW_WORDS = 32
"""Words from address zero on among which all constant registers but the table's are."""
_TABLE = TENSORS_OFFSET // WORD_BYTES


class RegisterBank(wiring.Component):
    """All registers of a register map, on one bus.

    Parameters
    ----------
    registers : RegisterMap
    bus_errors : bool
        Whether accesses to addresses without a register are answered with an error. They read zero
        and write nothing in any case.

    Members
    -------
    bus : In(RegisterBus(registers.address_bits))
    irq : Out(1)
        An event that is enabled has happened and was not cleared.
    REGISTER_FIELD : In or Out
        For each field that is not constant: status bits and bits that set a flag come in; stored
        fields and commands, which last a cycle, go out.
    COUNTER : In(64)
        For each counter, by the name of its registers without `_low` and `_high`.

    Attributes
    ----------
    latency : int
        Cycles from an access to its answer.
    """

    latency = READ_LATENCY

    def __init__(self, *, registers: RegisterMap, bus_errors: bool = False):
        self.registers = registers
        self.bus_errors = bus_errors
        members = {"bus": In(RegisterBus(registers.address_bits)), "irq": Out(1)}
        for placed in registers:
            for field in placed.register.fields:
                members |= _member(placed.register.name, field)
        self._kept = Signal(WORD_BITS, name="kept")
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        constant = self._read_constants(m)
        words = {
            placed: self._word(m, placed)
            for placed in self.registers
            if not is_constant(placed.register)
        }
        changing = Signal(WORD_BITS)
        m.d.sync += changing.eq(0)
        with m.Switch(bus.address):
            for placed, word in words.items():
                with m.Case(placed.address // WORD_BYTES):
                    m.d.sync += changing.eq(word)
        m.d.comb += bus.read_data.eq(changing | constant)
        if self.bus_errors:
            m.d.sync += bus.error.eq(bus.valid & ~self._is_mapped(m))
        return m

    def _read_constants(self, m: Module) -> Value:
        """What constant registers read: a memory of their words, the table behind the others."""
        bus, words = self.bus, self.registers.words
        table_words = TENSOR_WORDS * len(self.registers.tensors)
        m.submodules.constants = rom = Rom(
            width=WORD_BITS,
            words=[
                words.get(WORD_BYTES * word, 0)
                for word in (*range(_LOW_WORDS), *range(_TABLE, _TABLE + table_words))
            ],
        )
        is_low = Signal()
        is_table = Signal()
        is_constant = Signal()
        read = Signal(WORD_BITS, name="constant")
        m.d.comb += [
            is_low.eq(bus.address < _LOW_WORDS),
            is_table.eq((bus.address >= _TABLE) & (bus.address < _TABLE + table_words)),
            rom.address.eq(bus.address),
        ]
        with m.If(is_table):
            m.d.comb += rom.address.eq(bus.address - (_TABLE - _LOW_WORDS))
        m.d.sync += is_constant.eq(is_low | is_table)
        with m.If(is_constant):
            m.d.comb += read.eq(rom.data)
        return read

    def _word(self, m: Module, placed: PlacedRegister) -> Value:
        """What a register reads, and what writing it does."""
        register = placed.register
        fields = register.fields
        if fields[0].access is Access.COUNT:
            return self._count(m, placed)
        if fields[0].access is Access.KEPT:
            return self._kept
        word = Signal(WORD_BITS, name=register.name)
        chosen = self._chosen(m, placed)
        written = Signal(name=f"{register.name}_written")
        m.d.comb += written.eq(chosen & self.bus.write)
        for field in fields:
            member = getattr(self, f"{register.name}_{field.name}")
            bits = slice(field.low, field.high + 1)
            new = self.bus.write_data[bits]
            enabled = self._strobes[bits]
            if field.access is Access.STATUS:
                m.d.comb += word[bits].eq(member)
            elif field.access is Access.STORED:
                m.d.comb += word[bits].eq(member)
                with m.If(written):
                    m.d.sync += member.eq((member & ~enabled) | (new & enabled))
            elif field.access is Access.COMMAND:
                m.d.comb += member.eq(written & new & enabled)
            elif field.access is Access.FLAG:
                flag = Signal(name=f"{register.name}_{field.name}_flag")
                m.d.sync += flag.eq((flag & ~(written & new & enabled)) | member)
                m.d.comb += word[bits].eq(flag)
        if register.name == "irq_status":
            enable = Cat(getattr(self, f"irq_enable_{field.name}") for field in fields)
            m.d.comb += self.irq.eq((word[: len(enable)] & enable).any())
        return word

    def _count(self, m: Module, placed: PlacedRegister) -> Value:
        """The low word of a counter; reading it keeps the high one."""
        count = getattr(self, _counter_name(placed.register.name))
        chosen = self._chosen(m, placed)
        with m.If(chosen & ~self.bus.write):
            m.d.sync += self._kept.eq(count[WORD_BITS:])
        return count[:WORD_BITS]

    def _chosen(self, m: Module, placed: PlacedRegister) -> Signal:
        """Whether a register is accessed."""
        chosen = Signal(name=f"{placed.register.name}_chosen")
        address = self.bus.address == placed.address // WORD_BYTES
        m.d.comb += chosen.eq(self.bus.valid & address)
        return chosen

    @property
    def _strobes(self) -> Value:
        """Bits that a write changes."""
        return Cat(strobe.replicate(8) for strobe in self.bus.strobe)

    def _is_mapped(self, m: Module) -> Value:
        """Whether there is a register at the address of an access."""
        is_mapped = Signal()
        words = [placed.address // WORD_BYTES for placed in self.registers]
        address = self.bus.address
        inside = [(address >= first) & (address <= last) for first, last in _runs(words)]
        m.d.comb += is_mapped.eq(Cat(inside).any())
        return is_mapped


def _member(register: str, field: Field) -> dict[str, object]:
    """The bank's port for a field, if it has one."""
    name = f"{register}_{field.name}"
    if field.access in (Access.STATUS, Access.FLAG):
        return {name: In(field.width)}
    if field.access is Access.STORED:
        return {name: Out(field.width, init=field.reset)}
    if field.access is Access.COMMAND:
        return {name: Out(field.width)}
    if field.access is Access.COUNT:
        return {_counter_name(register): In(COUNTER_BITS)}
    return {}


def _counter_name(register: str) -> str:
    return register.removesuffix("_low")


def _runs(words: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbouring words, which are in order."""
    first = last = words[0]
    for word in words[1:]:
        if word != last + 1:
            yield first, last
            first = word
        last = word
    yield first, last
