"""What a programmable engine is loaded through: the port, and what each section sees of it."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import GEOMETRY, LOAD_BITS, LoadMap, Section
from .arithmetic import delay, named
from .technology import PORTABLE, Technology

LOAD_STAGES = 2
"""Registers between the load port and what it writes."""


class LoadWrite(data.StructLayout):
    """A write to the load port; see `LoadMap` for addresses.

    Fields
    ------
    valid : 1
    address : unsigned(address_bits)
    data : unsigned(32)
    """

    def __init__(self, *, address_bits: int):
        super().__init__(
            {
                "valid": unsigned(1),
                "address": unsigned(address_bits),
                "data": unsigned(LOAD_BITS),
            }
        )


class SectionWrite(data.StructLayout):
    """A write to a section.

    Fields
    ------
    valid : 1
    row : range(rows)
    column : range(columns)
    data : unsigned(32)
    bank, read_bank : 1
        Of a section with two: that which is written, and that which is read meanwhile.
    """

    def __init__(self, section: Section):
        super().__init__(
            {
                "valid": unsigned(1),
                "row": unsigned(max(1, section.row_bits)),
                "column": unsigned(max(1, section.column_bits)),
                "data": unsigned(LOAD_BITS),
                **(dict.fromkeys(("bank", "read_bank"), unsigned(1)) if section.banks > 1 else {}),
            }
        )


def written_row(section: Section, write: Value) -> Value:
    """Where a section's memory is written; see `Section.depth`."""
    return Cat(write.row, write.bank) if section.banks > 1 else write.row


def read_row(section: Section, write: Value, row: Value) -> Value:
    """Where it is read, to give a row."""
    if section.banks == 1:
        return row
    width = max(1, section.row_bits)
    return Cat(Cat(row, C(0, width))[:width], write.read_bank)


class ProgramLoad(data.StructLayout):
    """What a sequencer gets of the load port.

    Fields
    ------
    write : SectionWrite
        To its instructions.
    last_layer : range(rows)
        Number of the last one.
    """

    def __init__(self, section: Section):
        super().__init__(
            {
                "write": SectionWrite(section),
                "last_layer": unsigned(max(1, section.row_bits)),
            }
        )


def loads(section: str) -> str:
    """The member of a `Loader` for a section."""
    return f"{section.replace('-', '_')}_load"


class Loader(wiring.Component):
    """Takes writes apart by section, and holds the control register and the geometry of frames.

    Nothing but the control register is written while the engine runs; of two banks, that which is
    selected, or in which any frame has begun that has not left, is not.

    Parameters
    ----------
    load_map : LoadMap
    beats, outputs : int
        Most of a frame.
    technology : Technology
        How writes get to all sections.

    Members
    -------
    load : In(LoadWrite(address_bits=address_bits))
    running : Out(1)
        The lowest bit of the control register; 0 after a reset, which leaves all else as it is.
    selected : Out(1)
        With two banks: the bit above it, the bank in which frames begin.
    receiving, at_work, free : In(1)
        Likewise: see `BankSwitch`.
    last_beat : Out(range(beats))
        Of an input frame.
    last_output : Out(range(outputs))
        Of an output frame.
    one for each kind of instructions : Out(ProgramLoad(section))
    one for each memory : Out(SectionWrite(section))
        "fetch_load" and so on, by the names of sections; `latency` cycles after the write.

    Attributes
    ----------
    latency : int
    """

    latency = LOAD_STAGES

    def __init__(
        self, load_map: LoadMap, *, beats: int, outputs: int, technology: Technology = PORTABLE
    ):
        self.load_map = load_map
        self.technology = technology
        sections = load_map.sections
        self._programs = tuple(
            name for name in ("fetch", "drain", "write-back", "residual") if name in sections
        )
        self._memories = tuple(
            name for name in ("weights", "parameters", "tables") if name in sections
        )
        has_banks = load_map.banks > 1
        super().__init__(
            {
                "load": In(LoadWrite(address_bits=load_map.address_bits)),
                "running": Out(1),
                **({"selected": Out(1)} if has_banks else {}),
                **(dict.fromkeys(("receiving", "at_work", "free"), In(1)) if has_banks else {}),
                "last_beat": Out(range(max(2, beats))),
                "last_output": Out(range(max(2, outputs))),
                **{loads(name): Out(ProgramLoad(sections[name])) for name in self._programs},
                **{loads(name): Out(SectionWrite(sections[name])) for name in self._memories},
            }
        )

    def elaborate(self, platform):
        m = Module()
        sections = self.load_map.sections
        first = Signal(self.load.shape(), name="first", reset_less=True)
        m.d.sync += first.eq(self.load)
        valid = delay(m, self.load.valid, 1, name="load_valid", reset=True)
        bank = first.address[self.load_map.bank_offset :]
        number = first.address[self.load_map.offset_bits : self.load_map.bank_offset]
        control = Signal(name="writes_control")
        m.d.comb += control.eq(valid & (number == sections["control"].number))
        with m.If(control):
            m.d.sync += self.running.eq(first.data[0])
        is_locked: Value = self.running
        if self.load_map.banks > 1:
            with m.If(control):
                m.d.sync += self.selected.eq(first.data[1])
            is_locked &= (bank == self.selected) | ~self.free
        is_load = Signal(name="is_load")
        m.d.comb += is_load.eq(valid & ~is_locked)
        is_geometry = is_load & (number == sections["geometry"].number)
        last_layer = self._hold_geometry(m, first, is_geometry, bank)

        written = (*self._programs, *self._memories)
        copies = self.technology.fan_out(
            m, first, stages=LOAD_STAGES - 1, leaves=len(written), name="write"
        )
        read_banks = []
        if self.load_map.banks > 1:
            read_banks = self.technology.fan_out(
                m, self.at_work, stages=1, leaves=len(written), name="read_bank"
            )
        for index, (name, copy) in enumerate(zip(written, copies, strict=True)):
            section, member = sections[name], loads(name)
            write = getattr(self, member)
            if name in self._programs:
                m.d.comb += write.last_layer.eq(last_layer)
                write = write.write
            own = delay(
                m,
                is_load & (number == section.number),
                LOAD_STAGES - 1,
                name=f"{member}_valid",
                reset=True,
            )
            places = copy.address
            column = places[: section.column_bits] if section.column_bits else 0
            m.d.comb += [
                write.valid.eq(own),
                write.column.eq(column),
                write.row.eq(places[section.column_bits :][: max(1, section.row_bits)]),
                write.data.eq(copy.data),
            ]
            if read_banks:
                m.d.comb += [
                    write.bank.eq(copy.address[self.load_map.bank_offset :]),
                    write.read_bank.eq(read_banks[index]),
                ]
        return m

    def _hold_geometry(self, m: Module, first, is_geometry: Value, bank: Value) -> Value:
        """Number of the last layer, that of the bank at work; the others go to their ports."""
        layers = range(max(2, self.load_map.sections["fetch"].rows))
        kept = []
        for own in range(self.load_map.banks):
            suffix = f"_{own}" if self.load_map.banks > 1 else ""
            # what is loaded stays there in a reset
            registers = (
                Signal(layers, name=f"last_layer{suffix}", reset_less=True),
                Signal.like(self.last_beat, name=f"last_input_beat{suffix}", reset_less=True),
                Signal.like(self.last_output, name=f"last_tensor{suffix}", reset_less=True),
            )
            is_own = is_geometry & (bank == own) if suffix else is_geometry
            with m.If(is_own), m.Switch(first.address[:2]):
                for row, register in enumerate(registers[: len(GEOMETRY)]):
                    with m.Case(row):
                        m.d.sync += register.eq(first.data)
            kept.append(registers)
        last_layer, last_beat, last_output = kept[0]
        if self.load_map.banks > 1:
            other_layer, other_beat, other_output = kept[1]
            beats, outputs = last_beat, last_output
            last_beat = named(m, Mux(self.receiving, other_beat, beats), "last_beat_received")
            # it is there before the engine begins anew
            chosen_layer, last_output = (
                Signal.like(register, name=f"{name}_at_work", reset_less=True)
                for register, name in ((last_layer, "last_layer"), (outputs, "last_tensor"))
            )
            m.d.sync += [
                chosen_layer.eq(Mux(self.at_work, other_layer, last_layer)),
                last_output.eq(Mux(self.at_work, other_output, outputs)),
            ]
            last_layer = chosen_layer
        m.d.comb += [self.last_beat.eq(last_beat), self.last_output.eq(last_output)]
        return last_layer
