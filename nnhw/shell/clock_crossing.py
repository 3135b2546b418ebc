"""A stream from one clock to another."""

from __future__ import annotations

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from ..hdl.parameters import check_integers
from .synchronizer import Synchronizer


class ClockCrossing(wiring.Component):
    """A queue that is written with one clock and read with another, whatever their relation.

    Each side tells the other how far it is in a Gray code, of which one bit changes at a time, so
    that the other side reads the old count or the new one (Clifford Cummings, "Simulation and
    Synthesis Techniques for Asynchronous FIFO Design", SNUG San Jose 2002). What is behind a count
    in the memory has been there for two cycles of the reader when this sees the count.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload.
    depth_bits : int
        It holds 2 ** depth_bits payloads, at least 4. With 16 it never makes both sides wait if
        one is ready without a pause.
    writer, reader : str
        Clock domains.

    Members
    -------
    source : In(stream.Signature(shape))
        In the writer's domain.
    sink : Out(stream.Signature(shape))
        In the reader's domain.

    Both domains have to be in reset at the same time for at least a cycle of each; they may leave
    it one after the other.
    """

    def __init__(self, shape: ShapeLike, *, writer: str, reader: str, depth_bits: int = 4):
        check_integers(self, least=2, depth_bits=depth_bits)
        self.writer = writer
        self.reader = reader
        self.depth_bits = depth_bits
        self.shape = shape
        count_bits = depth_bits + 1  # one more, to tell full from empty
        self.written, self.written_gray, self.taken, self.taken_gray = (
            Signal(count_bits, name=name)
            for name in ("written", "written_gray", "taken", "taken_gray")
        )
        self.written_seen = Synchronizer.like(self.written_gray, name="written_seen")
        self.taken_seen = Synchronizer.like(self.taken_gray, name="taken_seen")
        self.has_room = Signal()
        super().__init__(
            {"source": In(stream.Signature(shape)), "sink": Out(stream.Signature(shape))}
        )

    def elaborate(self, platform):
        m = Module()
        width = len(Value.cast(self.sink.payload))
        m.submodules.memory = memory = Memory(
            shape=width, depth=1 << self.depth_bits, init=[], attrs={"no_rw_check": 1}
        )
        write = memory.write_port(domain=self.writer)
        read = memory.read_port(domain=self.reader)

        written_next, taken_next = (
            Signal.like(count, name=f"{count.name}_next") for count in (self.written, self.taken)
        )
        self.written_seen.connect(m, self.written_gray, self.reader)
        self.taken_seen.connect(m, self.taken_gray, self.writer)

        gray = named(m, written_next ^ (written_next >> 1), "written_next_gray")
        m.d.comb += [
            self.source.ready.eq(self.has_room),
            write.en.eq(self.source.valid & self.has_room),
            write.addr.eq(self.written[: self.depth_bits]),
            write.data.eq(self.source.payload),
            written_next.eq(self.written + write.en),
        ]
        # full: a whole round ahead, which turns the two upper bits of a Gray code
        full = self.taken_seen.stable ^ (0b11 << (self.depth_bits - 1))
        m.d[self.writer] += [
            self.written.eq(written_next),
            self.written_gray.eq(gray),
            self.has_room.eq(gray != full),
        ]

        valid = Signal()
        gray = named(m, taken_next ^ (taken_next >> 1), "taken_next_gray")
        m.d.comb += [
            self.sink.valid.eq(valid),
            self.sink.payload.eq(read.data),
            taken_next.eq(self.taken + (valid & self.sink.ready)),
            read.en.eq(1),
            read.addr.eq(taken_next[: self.depth_bits]),
        ]
        m.d[self.reader] += [
            self.taken.eq(taken_next),
            self.taken_gray.eq(gray),
            valid.eq(gray != self.written_seen.stable),
        ]
        return m
