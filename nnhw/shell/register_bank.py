"""The registers of a design in hardware, as their description says."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..hdl.memory import Rom
from ..hdl.technology import PORTABLE
from ..registers import (
    LOADED_TENSORS,
    LOW_WORDS,
    TENSOR_WORDS,
    TENSORS_OFFSET,
    Access,
    Field,
    PlacedRegister,
    RegisterMap,
)
from ..registers.description import WORD_BITS, WORD_BYTES
from ..registers.register_map import is_constant
from .register_bus import READ_LATENCY, RegisterBus

COUNTER_BITS = 64
DESCRIPTION_ROWS = LOW_WORDS + TENSOR_WORDS * LOADED_TENSORS
_TABLE = TENSORS_OFFSET // WORD_BYTES


class DescriptionWrite(data.StructLayout):
    """A write to what registers say about the network that is loaded.

    Fields
    ------
    valid : 1
    row : range(banks * DESCRIPTION_ROWS)
        See `constant_row`; the bank is above it.
    data : unsigned(32)
    """

    def __init__(self, *, banks: int = 1) -> None:
        super().__init__(
            {
                "valid": unsigned(1),
                "row": range(banks * DESCRIPTION_ROWS),
                "data": unsigned(WORD_BITS),
            }
        )


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
    REGISTER_FIELD_written : Out(1)
        With the word of a field that hands words on.
    REGISTER_FIELD_read : Out(1)
        The word of a field that is the next one of a queue is taken.
    REGISTER_FIELD_used : In(1)
        Of a field that points somewhere: it becomes one more.
    COUNTER : In(64)
        For each counter, by the name of its registers without `_low` and `_high`.
    description : In(DescriptionWrite(banks=registers.banks))
        Where registers are loaded with the network. They read zero until `load_control_valid`, and
        what is in the bank `load_control_bank`.

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
            if not placed.block.is_repeated:
                for field in placed.register.fields:
                    members |= _member(placed.register.name, field)
        if registers.is_loaded:
            members["description"] = In(DescriptionWrite(banks=registers.banks))
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
        if self.registers.is_loaded:
            return self._read_low(m, words) | self._read_description(m)
        table_words = TENSOR_WORDS * len(self.registers.tensors)
        m.submodules.constants = rom = Rom(
            width=WORD_BITS,
            words=[
                words.get(WORD_BYTES * word, 0)
                for word in (*range(LOW_WORDS), *range(_TABLE, _TABLE + table_words))
            ],
        )
        is_low = Signal()
        is_table = Signal()
        is_constant = Signal()
        read = Signal(WORD_BITS, name="constant")
        m.d.comb += [
            is_low.eq(bus.address < LOW_WORDS),
            is_table.eq((bus.address >= _TABLE) & (bus.address < _TABLE + table_words)),
            rom.address.eq(bus.address),
        ]
        with m.If(is_table):
            m.d.comb += rom.address.eq(bus.address - (_TABLE - LOW_WORDS))
        m.d.sync += is_constant.eq(is_low | is_table)
        with m.If(is_constant):
            m.d.comb += read.eq(rom.data)
        return read

    def _read_low(self, m: Module, words: dict[int, int]) -> Value:
        """What constant registers of the machine read, where all others are loaded."""
        m.submodules.constants = rom = Rom(
            width=WORD_BITS, words=[words.get(WORD_BYTES * word, 0) for word in range(LOW_WORDS)]
        )
        is_low = Signal()
        read = Signal(WORD_BITS, name="constant")
        m.d.comb += rom.address.eq(self.bus.address)
        m.d.sync += is_low.eq(self.bus.address < LOW_WORDS)
        with m.If(is_low):
            m.d.comb += read.eq(rom.data)
        return read

    def _read_description(self, m: Module) -> Value:
        """What registers read that are loaded with the network."""
        address = self.bus.address
        row = Signal(range(DESCRIPTION_ROWS), name="description_row")
        m.d.comb += row.eq(address)
        with m.If(address >= _TABLE):
            m.d.comb += row.eq(address - (_TABLE - LOW_WORDS))
        banks = self.registers.banks
        word = PORTABLE.ram(
            m,
            read_row=row if banks == 1 else Cat(row, self.load_control_bank),
            write_enable=self.description.valid,
            write_row=self.description.row,
            write_data=self.description.data,
            depth=banks * DESCRIPTION_ROWS,
            output_register=False,
            name="descriptions",
        )
        loaded = [p.address // WORD_BYTES for p in self.registers if self.registers.loads(p)]
        is_described = Signal()
        m.d.sync += is_described.eq(self._is_among(loaded) & self.load_control_valid)
        read = Signal(WORD_BITS, name="description_read")
        with m.If(is_described):
            m.d.comb += read.eq(word)
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
            elif field.access is Access.POINTER:
                m.d.comb += word[bits].eq(member)
                used = getattr(self, f"{register.name}_{field.name}_used")
                with m.If(written):
                    m.d.sync += member.eq((member & ~enabled) | (new & enabled))
                with m.Elif(used):
                    m.d.sync += member.eq(member + 1)
            elif field.access is Access.PORT:
                is_whole = self.bus.strobe.all()
                handed_on = getattr(self, f"{register.name}_{field.name}_written")
                m.d.comb += [member.eq(new), handed_on.eq(written & is_whole)]
            elif field.access is Access.NEXT:
                taken = getattr(self, f"{register.name}_{field.name}_read")
                m.d.comb += [word[bits].eq(member), taken.eq(chosen & ~self.bus.write)]
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
        m.d.comb += is_mapped.eq(self._is_among(words))
        return is_mapped

    def _is_among(self, words: list[int]) -> Value:
        """Whether an access is to one of these words, which are in order."""
        address = self.bus.address
        inside = [(address >= first) & (address <= last) for first, last in _runs(words)]
        return Cat(inside).any()


def _member(register: str, field: Field) -> dict[str, object]:
    """The bank's port for a field, if it has one."""
    name = f"{register}_{field.name}"
    if field.access in (Access.STATUS, Access.FLAG):
        return {name: In(field.width)}
    if field.access is Access.STORED:
        return {name: Out(field.width, init=field.reset)}
    if field.access is Access.COMMAND:
        return {name: Out(field.width)}
    if field.access is Access.POINTER:
        return {name: Out(field.width, init=field.reset), f"{name}_used": In(1)}
    if field.access is Access.PORT:
        return {name: Out(field.width), f"{name}_written": Out(1)}
    if field.access is Access.NEXT:
        return {name: In(field.width), f"{name}_read": Out(1)}
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
