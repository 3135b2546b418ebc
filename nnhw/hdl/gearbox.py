"""The gearbox: groups of results, packed into beats."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..machine import GEARBOX_LATENCY
from .arithmetic import named
from .beat import Beat
from .parameters import check_integers, check_powers_of_two


class Group(data.StructLayout):
    """Some results, in units that the gearbox moves together.

    Fields
    ------
    bytes : unsigned
        Units that do not count are zero.
    count : range(units + 1)
        How many units count.
    last : 1
        An output ends with this group.
    """

    def __init__(self, *, units: int, unit: int):
        super().__init__(
            {
                "bytes": unsigned(8 * unit * units),
                "count": range(units + 1),
                "last": unsigned(1),
            }
        )


class Gearbox(wiring.Component):
    """Puts groups of up to `units` units one behind the other, and cuts beats.

    A group goes two steps: first it is moved to where it belongs behind what came before, then it
    is added to that. A group is taken when no more than one beat is waiting to be sent, and that
    one leaves.

    Parameters
    ----------
    unit : int
        Bytes of a unit.
    units : int
        Most units of a group.
    beat_units : int
        Units of a beat, a power of two.
    tensors : int
        Outputs of a frame.
    loaded : bool
        Whether there may be fewer, as `last_output` says.

    Members
    -------
    last_output : In(range(tensors))
        If loaded: number of a frame's last output; it changes while a reset is in effect.
    groups : In(stream.Signature(Group(units=units, unit=unit)))
        With at least one unit each.
    beats : Out(stream.Signature(Beat(unit * beat_units)))
        Each output begins with a new beat; unused bytes of its last one are zero.

    Attributes
    ----------
    latency : int
        Cycles from a group that completes a beat to that beat.
    """

    latency = GEARBOX_LATENCY

    def __init__(
        self, *, unit: int, units: int, beat_units: int, tensors: int, loaded: bool = False
    ):
        check_integers(self, unit=unit, units=units, tensors=tensors)
        check_powers_of_two(self, beat_units=beat_units)
        self.unit = unit
        self.units = units
        self.beat_units = beat_units
        self.tensors = tensors
        self.loaded = loaded
        super().__init__(
            {
                "groups": In(stream.Signature(Group(units=units, unit=unit))),
                "beats": Out(stream.Signature(Beat(unit * beat_units))),
                **({"last_output": In(range(max(2, tensors)))} if loaded else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        group = self.groups.payload
        beat_units, place_bits = self.beat_units, self.beat_units.bit_length() - 1

        # beats that are complete, or as complete as the end of an output leaves them; all that
        # decides is known from registers
        waiting = Signal(range((beat_units - 1 + self.units) // beat_units + 2))
        is_waiting = Signal()
        ending = Signal()
        is_blocked = Signal()
        accept = Signal()
        emit = Signal()
        spare_valid = Signal()
        m.d.comb += [
            emit.eq(is_waiting & ~spare_valid),
            self.groups.ready.eq(~is_blocked & ~(is_waiting & spare_valid)),
            accept.eq(self.groups.valid & self.groups.ready),
        ]
        place = Signal(place_bits)
        filled = Signal(range(beat_units + self.units))
        m.d.comb += filled.eq(place + group.count)
        rounded_up = named(m, filled + Mux(group.last, beat_units - 1, 0), "filled_up")
        completed = rounded_up >> place_bits
        several = completed[1:].any() if len(completed) > 1 else Const(0)
        left = Signal.like(waiting)
        m.d.comb += left.eq(waiting - emit)
        m.d.sync += [
            waiting.eq(left),
            is_waiting.eq(left != 0),
            is_blocked.eq((left > 1) | (ending & (left != 0))),
        ]
        with m.If(left == 0):
            m.d.sync += ending.eq(0)
        with m.If(accept):
            m.d.sync += [
                place.eq(Mux(group.last, 0, filled)),
                waiting.eq(completed),
                is_waiting.eq(completed != 0),
                is_blocked.eq(several | group.last),
                ending.eq(group.last),
            ]

        # what there is of a beat and of those behind it; other bytes are zero
        unit_bits = 8 * self.unit
        placed = Signal((beat_units - 1 + self.units) * unit_bits, reset_less=True)
        is_placed = Signal()
        held = Signal(len(placed))
        gathered = Signal(len(placed))
        m.d.comb += gathered.eq(held | Mux(is_placed, placed, 0))
        m.d.sync += [
            placed.eq(self._shifted(m, group.bytes, place)),
            is_placed.eq(accept),
            held.eq(Mux(emit, gathered >> (beat_units * unit_bits), gathered)),
        ]
        emitted = Signal(Beat(self.unit * beat_units))
        m.d.comb += [
            emitted.data.eq(gathered[: beat_units * unit_bits]),
            emitted.last.eq(self._ends_frame(m, emit, ending & (waiting == 1))),
        ]
        self._send(m, emit, emitted, spare_valid)
        return m

    def _shifted(self, m: Module, value: Value, place: Signal) -> Value:
        """`value` moved up by `place` units."""
        for bit in range(len(place)):
            moved = Mux(place[bit], value << (8 * self.unit << bit), value)
            value = named(m, moved, f"moved_{bit}")
        return value

    def _ends_frame(self, m: Module, emit: Value, finishes: Value) -> Value:
        """Whether the beat is the last one of a frame; `finishes`: of an output."""
        if self.tensors == 1:
            return finishes
        tensor = Signal(range(self.tensors))
        is_final = tensor == (self.last_output if self.loaded else self.tensors - 1)
        with m.If(emit & finishes):
            m.d.sync += tensor.eq(Mux(is_final, 0, tensor + 1))
        return finishes & is_final

    def _send(self, m: Module, emit: Signal, emitted, spare_valid: Signal) -> None:
        """The beat that the sink sees, and a spare one, so that `emit` need not know its ready."""
        valid = Signal()
        beat = Signal(emitted.shape(), reset_less=True)
        spare = Signal(emitted.shape(), reset_less=True)
        goes_on = Signal()
        m.d.comb += [
            goes_on.eq(~valid | self.beats.ready),
            self.beats.valid.eq(valid),
            self.beats.payload.eq(beat),
        ]
        with m.If(goes_on):
            m.d.sync += valid.eq(spare_valid | emit)
            with m.If(spare_valid):
                m.d.sync += beat.eq(spare)
            with m.Else():
                m.d.sync += beat.eq(emitted)
        with m.If(~spare_valid):
            m.d.sync += spare.eq(emitted)
        m.d.sync += spare_valid.eq(~goes_on & (spare_valid | emit))
