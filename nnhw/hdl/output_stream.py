"""The output side: results of the layers that write outputs, packed into beats of a stream."""

from __future__ import annotations

import math
from collections.abc import Iterable

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .beat import Beat
from .gearbox import Gearbox, Group
from .parameters import check_at_most, check_integers, check_powers_of_two
from .result_buffer import ResultBuffer
from .technology import PORTABLE, Technology


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
    loaded : bool
        Whether there may be fewer, as `last_output` says.
    technology : Technology
        What the buffer's memory is built of.

    Members
    -------
    last_output : In(range(tensors))
        If loaded: see `Gearbox`.
    write : In(1)
    count : In(range(lanes + 1))
    results : In(lanes of signed(width))
    last : In(1)
        An output ends with this group.
    freed : Out(1)
        A group has left the buffer, and is the next one for the gearbox.
    beats : Out(stream.Signature(Beat(beat_bytes)))
        Each output begins with a new beat; unused bytes of its last one are zero.

    Attributes
    ----------
    latency : int
        Cycles from a group that completes a beat to that beat, in an empty buffer.
    """

    latency = ResultBuffer.latency + Gearbox.latency

    def __init__(
        self,
        *,
        lanes: int,
        width: int,
        beat_bytes: int,
        depth: int,
        counts: Iterable[int],
        tensors: int = 1,
        loaded: bool = False,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, lanes=lanes, width=width, depth=depth, tensors=tensors)
        check_powers_of_two(self, beat_bytes=beat_bytes)
        check_at_most(self, 8, "the bits of a byte", width=width)
        self.lanes = lanes
        self.width = width
        self.beat_bytes = beat_bytes
        self.depth = depth
        self.counts = frozenset(counts)
        self.tensors = tensors
        self.loaded = loaded
        self.technology = technology
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
                **({"last_output": In(range(max(2, tensors)))} if loaded else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        group_bytes = max(self.counts)
        m.submodules.gearbox = gearbox = Gearbox(
            unit=self.unit,
            units=group_bytes // self.unit,
            beat_units=self.beat_bytes // self.unit,
            tensors=self.tensors,
            loaded=self.loaded,
        )
        if self.loaded:
            m.d.comb += gearbox.last_output.eq(self.last_output)
        group = Signal(Group(units=gearbox.units, unit=self.unit))
        m.submodules.result_buffer = buffer = ResultBuffer(
            width=len(group.as_value()), depth=self.depth, technology=self.technology
        )

        extended = [Signal(signed(8), name=f"byte_{lane}") for lane in range(group_bytes)]
        for lane, byte in enumerate(extended):
            result = self.results[lane]
            always_counts = lane < min(self.counts)
            m.d.comb += byte.eq(result if always_counts else Mux(self.count > lane, result, 0))
        m.d.comb += [
            group.bytes.eq(Cat(*extended)),
            group.count.eq(self.count >> (self.unit.bit_length() - 1)),
            group.last.eq(self.last),
            buffer.write.eq(self.write),
            buffer.word.eq(group),
            gearbox.groups.payload.eq(buffer.words.payload),
            gearbox.groups.valid.eq(buffer.words.valid),
            buffer.words.ready.eq(gearbox.groups.ready),
            self.freed.eq(buffer.freed),
        ]
        connect(m, gearbox.beats, flipped(self.beats))
        return m
