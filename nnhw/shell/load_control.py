"""Loads a programmable engine from registers, and lets it run or stops it."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from ..hdl.load_port import LOAD_STAGES, LoadWrite
from ..machine import GEOMETRY, LOAD_BITS, LoadMap
from ..registers import BANK_BIT, DESCRIPTION_BIT
from ..registers.description import WORD_BITS
from .register_bank import DESCRIPTION_ROWS, DescriptionWrite


class LoadControl(wiring.Component):
    """Between the registers of the block `load` and an engine's load port.

    Words are handed on while nothing runs, and refused otherwise: the network that runs is never
    disturbed. It stops when all frames that have begun are finished or given up.

    With two banks, words for the one in which no frame is are handed on while the other one runs.
    Frames change banks when they begin; meanwhile none does.

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
    bank : In(1)
        With two banks: that in which frames are to begin.
    free : In(1)
        Likewise: of the engine, see `BankSwitch`.
    can_load : Out(1)
        Likewise: words for the other bank are loaded while the engine runs.
    switching : Out(1)
        Likewise: no frame may begin.
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
    description : Out(DescriptionWrite(banks=banks))
        To the registers that say what is loaded.
    """

    def __init__(self, load_map: LoadMap, *, waits: bool = False):
        if waits and load_map.banks > 1:
            raise ValueError("Nothing tells through a queue which bank is free")
        self.load_map = load_map
        self.waits = waits
        self.told = Signal(name="told_bank")
        self.settling = Signal(LOAD_STAGES)
        of_banks = {
            **dict.fromkeys(("bank", "free"), In(1)),
            **dict.fromkeys(("can_load", "switching"), Out(1)),
        }
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
                "description": Out(DescriptionWrite(banks=load_map.banks)),
                **(of_banks if load_map.banks > 1 else {}),
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
        may_load: Value = ~self.run & ~self.running & stands
        switches: Value = C(0)
        wanted: Value = self.run
        row: Value = address
        place: Value = address
        below = address[:DESCRIPTION_BIT]
        if load_map.banks > 1:
            switches = self._follow_banks(m, changes)
            may_load |= self.can_load & (address[BANK_BIT] ^ self.bank)
            wanted = Cat(self.run, self.bank)
            row = Cat(address[: (DESCRIPTION_ROWS - 1).bit_length()], address[BANK_BIT])
            place = Cat(address[: load_map.bank_offset], address[BANK_BIT])
            below = address[:BANK_BIT]
        m.d.comb += [
            is_description.eq(address[DESCRIPTION_BIT]),
            changes.eq(((self.run ^ self.running) & stands) | switches),
            self.used.eq(self.written & may_load & is_known),
            self.refused.eq(self.written & ~self.used),
            self.description.valid.eq(self.used & is_description),
            self.description.row.eq(row),
            self.description.data.eq(self.data),
            self.load.valid.eq((self.used & ~is_description) | changes),
            self.load.address.eq(place),
            self.load.data.eq(self.data),
        ]
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
                self.load.data.eq(wanted),
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

    def _follow_banks(self, m: Module, changes: Signal) -> Value:
        """Whether the engine, which runs, is to be told of another bank."""
        told, settling = self.told, self.settling
        goes_on = named(m, self.run & self.running, "goes_on")
        switches = named(m, goes_on & (self.bank ^ told), "switches")
        # until the engine knows of it, and says which bank is free
        m.d.sync += settling.eq((settling << 1) | changes)
        with m.If(changes):
            m.d.sync += told.eq(self.bank)
        m.d.comb += [
            self.switching.eq(switches | settling.any()),
            self.can_load.eq(goes_on & self.free & ~self.switching),
        ]
        return switches
