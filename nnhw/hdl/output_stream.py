"""The output side: results of the layers that write outputs, packed into beats of a stream."""

from __future__ import annotations

import math
from collections.abc import Iterable

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out


class Beat(data.StructLayout):
    """Payload of an AXI4-Stream beat: bytes and the mark of a frame's last beat."""

    def __init__(self, beat_bytes: int):
        super().__init__({"data": unsigned(8 * beat_bytes), "last": unsigned(1)})


class OutputStream(wiring.Component):
    """Buffer and gearbox from groups of up to `lanes` results to beats of `beat_bytes` bytes.

    The buffer never overflows: its entries are reserved before results are on their way, and
    given back by `freed`.

    Parameters
    ----------
    lanes : int
        Results of a group.
    width : int
        Bits of a result, signed; extended to a byte.
    beat_bytes : int
        Power of two.
    depth : int
        Groups that the buffer holds.
    counts : iterable of int
        How many results a group may hold.
    tensors : int
        Outputs of a frame.

    Members
    -------
    write : In(1)
    count : In(range(lanes + 1))
    results : In(lanes of signed(width))
    last : In(1)
        An output ends with this group.
    freed : Out(1)
        A group has left the buffer.
    beats : Out(stream.Signature(Beat(beat_bytes)))
        Each output begins with a new beat; unused bytes of its last one are zero.

    Attributes
    ----------
    latency : int
        Cycles from a group that completes a beat to that beat, in an empty buffer.
    """

    latency = 5

    def __init__(
        self,
        *,
        lanes: int,
        width: int,
        beat_bytes: int,
        depth: int,
        counts: Iterable[int],
        tensors: int = 1,
    ):
        self.lanes = lanes
        self.width = width
        self.beat_bytes = beat_bytes
        self.depth = depth
        self.counts = frozenset(counts)
        self.tensors = tensors
        #: bytes that the gearbox moves together
        self.unit = math.gcd(beat_bytes, *self.counts)
        super().__init__(
            {
                "write": In(1),
                "count": In(range(lanes + 1)),
                "results": In(data.ArrayLayout(signed(width), lanes)),
                "last": In(1),
                "freed": Out(1),
                "beats": Out(stream.Signature(Beat(beat_bytes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit_bits = 8 * self.unit
        group_bytes = max(self.counts)
        group_units, beat_units = group_bytes // self.unit, self.beat_bytes // self.unit

        # the buffer
        group = Signal(
            data.StructLayout(
                {
                    "bytes": unsigned(8 * group_bytes),
                    "units": range(group_units + 1),
                    "last": unsigned(1),
                }
            )
        )
        m.submodules.buffer = fifo = SyncFIFOBuffered(width=len(group.as_value()), depth=self.depth)
        used = [
            Mux(self.count > lane, self.results[lane], 0)
            if lane >= min(self.counts)
            else self.results[lane]
            for lane in range(group_bytes)
        ]
        extended = [Signal(signed(8), name=f"byte_{lane}") for lane in range(group_bytes)]
        for byte, value in zip(extended, used, strict=True):
            m.d.comb += byte.eq(value)
        m.d.comb += [
            group.bytes.eq(Cat(*extended)),
            group.units.eq(self.count >> (self.unit.bit_length() - 1)),
            group.last.eq(self.last),
            fifo.w_en.eq(self.write),
            fifo.w_data.eq(group),
        ]
        # memory is slow: its answer goes to a register before anything is made of it
        head = Signal.like(group, name="head", reset_less=True)
        head_valid = Signal()
        accept = Signal()
        m.d.comb += fifo.r_en.eq(~head_valid | accept)
        with m.If(fifo.r_en):
            m.d.sync += [head.eq(fifo.r_data), head_valid.eq(fifo.r_rdy)]

        # the gearbox: bytes beyond `fill` units are zero
        capacity = beat_units - 1 + group_units
        held = Signal(capacity * unit_bits)
        fill = Signal(range(capacity + 1))
        following = Signal.like(fill, name="next_fill")
        is_full = Signal()
        is_full_twice = Signal()
        ending = Signal()
        emit = Signal()
        kept = Signal.like(held, name="kept")
        kept_fill = Signal.like(fill, name="kept_fill")
        spare_valid = Signal()
        m.d.comb += [
            emit.eq((is_full | ending) & ~spare_valid),
            kept.eq(Mux(emit, held >> (beat_units * unit_bits), held)),
            kept_fill.eq(Mux(emit, Mux(is_full, fill - beat_units, 0), fill)),
            accept.eq(head_valid & ~ending & ~Mux(emit, is_full_twice, is_full)),
            self.freed.eq(accept),
            following.eq(Mux(accept, kept_fill + head.units, kept_fill)),
        ]
        m.d.sync += [
            fill.eq(following),
            # what decides is known from registers
            is_full.eq(following >= beat_units),
            is_full_twice.eq(following >= 2 * beat_units),
            held.eq(kept),
        ]
        # with groups of one unit, never more than a beat is held
        finishes = ending if group_units == 1 else ending & (fill <= beat_units)
        ends_frame = finishes
        if self.tensors > 1:
            tensor = Signal(range(self.tensors))
            final = tensor == self.tensors - 1
            ends_frame = finishes & final
            with m.If(emit & finishes):
                m.d.sync += tensor.eq(Mux(final, 0, tensor + 1))
        with m.If(accept):
            m.d.sync += [
                held.eq(kept | self._place(head.bytes, kept_fill, beat_units, unit_bits)),
                ending.eq(head.last),
            ]
        with m.Elif(emit & finishes):
            m.d.sync += ending.eq(0)
        emitted = Signal(Beat(self.beat_bytes))
        m.d.comb += [
            emitted.data.eq(held[: beat_units * unit_bits]),
            emitted.last.eq(ends_frame),
        ]
        self._send(m, emit, emitted, spare_valid)
        return m

    def _send(self, m: Module, emit: Signal, emitted, spare_valid: Signal) -> None:
        """The beat that the sink sees, and a spare one, so that `emit` need not know its ready."""
        valid = Signal()
        beat = Signal(Beat(self.beat_bytes), reset_less=True)
        spare = Signal(Beat(self.beat_bytes), reset_less=True)
        goes_on = Signal()
        m.d.comb += [
            goes_on.eq(~valid | self.beats.ready),
            self.beats.valid.eq(valid),
            self.beats.payload.eq(beat),
        ]
        with m.If(goes_on):
            m.d.sync += [
                valid.eq(spare_valid | emit),
                beat.eq(Mux(spare_valid, spare.as_value(), emitted.as_value())),
            ]
        with m.If(~spare_valid):
            m.d.sync += spare.eq(emitted)
        m.d.sync += spare_valid.eq(~goes_on & (spare_valid | emit))

    @staticmethod
    def _place(value: Value, position: Value, positions: int, unit_bits: int) -> Value:
        """`value` shifted up by `position` units."""
        placed: Value = value
        for bit in range((positions - 1).bit_length()):
            distance = (1 << bit) * unit_bits
            placed = Mux(position[bit], placed << distance, placed)
        return placed
