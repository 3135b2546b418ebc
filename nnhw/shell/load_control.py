"""Loads a programmable engine from registers, and lets it run or stops it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.load_port import LoadWrite
from ..machine import GEOMETRY, LOAD_BITS, LoadMap
from ..registers import DESCRIPTION_BIT
from ..registers.description import WORD_BITS
from .register_bank import DESCRIPTION_ROWS, DescriptionWrite


class LoadControl(wiring.Component):
    """Between the registers of the block `load` and an engine's load port.

    Words are handed on while nothing runs, and refused otherwise: the network that runs is never
    disturbed. It stops when all frames that have begun are finished or given up.

    Parameters
    ----------
    load_map : LoadMap
        Of the engine.
    waits : bool
        Whether there is a queue to the engine, in another clock, which may be full.

    Members
    -------
    run : In(1)
        Whether the network is to run. Frames may begin only then.
    written : In(1)
        A word is to be loaded.
    address, data : In(32)
    used : Out(1)
        The word was loaded.
    refused : Out(1)
        It was not: a network runs, or the address is none of what is loaded.
    busy : In(1)
        A frame has begun, and was neither delivered nor dropped; or one is aborted.
    engine_reset : In(1)
        The engine is reset, which stops it.
    running : Out(1)
        Whether the engine runs.
    load : Out(LoadWrite(address_bits=address_bits))
        To the engine.
    ready : In(1)
        Of a queue: it has room. If not, words are refused.
    last_beat : Out(32)
        With a queue: of an input frame, as the engine was told.
    description : Out(DescriptionWrite())
        To the registers that say what is loaded.
    """

    def __init__(self, load_map: LoadMap, *, waits: bool = False):
        self.load_map = load_map
        self.waits = waits
        super().__init__(
            {
                "run": In(1),
                "written": In(1),
                "address": In(WORD_BITS),
                "data": In(LOAD_BITS),
                "used": Out(1),
                "refused": Out(1),
                "busy": In(1),
                "engine_reset": In(1),
                "running": Out(1),
                "load": Out(LoadWrite(address_bits=load_map.address_bits)),
                "description": Out(DescriptionWrite()),
                **({"ready": In(1), "last_beat": Out(LOAD_BITS)} if waits else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        load_map, address = self.load_map, self.address
        control = load_map.sections["control"]
        is_description, is_known = Signal(), Signal()
        changes = Signal()
        stands = ~self.busy & self.ready if self.waits else ~self.busy
        m.d.comb += [
            is_description.eq(address[DESCRIPTION_BIT]),
            changes.eq((self.run ^ self.running) & stands),
            self.used.eq(self.written & ~self.run & ~self.running & stands & is_known),
            self.refused.eq(self.written & ~self.used),
            self.description.valid.eq(self.used & is_description),
            self.description.row.eq(address),
            self.description.data.eq(self.data),
            self.load.valid.eq((self.used & ~is_description) | changes),
            self.load.address.eq(address),
            self.load.data.eq(self.data),
        ]
        below = address[:DESCRIPTION_BIT]
        with m.If(is_description):
            m.d.comb += is_known.eq(below < DESCRIPTION_ROWS)
        with m.Else():
            number = below >> load_map.offset_bits
            known = [s.number for s in load_map.sections.values() if s is not control]
            with m.Switch(number), m.Case(*known):
                m.d.comb += is_known.eq(1)
        with m.If(changes):
            m.d.comb += [
                self.load.address.eq(load_map.address(control)),
                self.load.data.eq(self.run),
            ]
            m.d.sync += self.running.eq(self.run)
        with m.If(self.engine_reset):
            m.d.sync += self.running.eq(0)
        if self.waits:
            last_beat = Signal(LOAD_BITS, name="last_input_beat", reset_less=True)
            place = load_map.address(load_map.sections["geometry"], GEOMETRY.index("last beat"))
            m.d.comb += self.last_beat.eq(last_beat)
            with m.If(self.used & (address == place)):
                m.d.sync += last_beat.eq(self.data)
        return m
