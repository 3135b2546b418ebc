"""What a programmable engine is loaded through: the port, and what each section sees of it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import GEOMETRY, LOAD_BITS, LoadMap, Section
from .arithmetic import delay
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
    """

    def __init__(self, section: Section):
        super().__init__(
            {
                "valid": unsigned(1),
                "row": unsigned(max(1, section.row_bits)),
                "column": unsigned(max(1, section.column_bits)),
                "data": unsigned(LOAD_BITS),
            }
        )


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

    Nothing but the control register is written while the engine runs.

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
        super().__init__(
            {
                "load": In(LoadWrite(address_bits=load_map.address_bits)),
                "running": Out(1),
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
        number = first.address[self.load_map.offset_bits :]
        control = Signal(name="writes_control")
        m.d.comb += control.eq(valid & (number == sections["control"].number))
        with m.If(control):
            m.d.sync += self.running.eq(first.data[0])
        is_load = Signal(name="is_load")
        m.d.comb += is_load.eq(valid & ~self.running)

        geometry = sections["geometry"]
        # what is loaded stays there in a reset
        last_layer = Signal(range(max(2, sections["fetch"].rows)), reset_less=True)
        last_beat = Signal.like(self.last_beat, name="last_input_beat", reset_less=True)
        last_output = Signal.like(self.last_output, name="last_tensor", reset_less=True)
        m.d.comb += [self.last_beat.eq(last_beat), self.last_output.eq(last_output)]
        with m.If(is_load & (number == geometry.number)), m.Switch(first.address[:2]):
            registers = (last_layer, last_beat, last_output)
            for row, register in enumerate(registers[: len(GEOMETRY)]):
                with m.Case(row):
                    m.d.sync += register.eq(first.data)

        written = (*self._programs, *self._memories)
        copies = self.technology.fan_out(
            m, first, stages=LOAD_STAGES - 1, leaves=len(written), name="write"
        )
        for name, copy in zip(written, copies, strict=True):
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
        return m
