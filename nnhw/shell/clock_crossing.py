"""A stream from one clock to another."""

from __future__ import annotations

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from ..hdl.parameters import check_integers
from .synchronizer import synchronize


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
        super().__init__(
            {"source": In(stream.Signature(shape)), "sink": Out(stream.Signature(shape))}
        )

    def elaborate(self, platform):
        m = Module()
        count_bits = self.depth_bits + 1  # one more, to tell full from empty
        width = len(self.sink.payload.as_value())
        m.submodules.memory = memory = Memory(
            shape=width, depth=1 << self.depth_bits, init=[], attrs={"no_rw_check": 1}
        )
        write = memory.write_port(domain=self.writer)
        read = memory.read_port(domain=self.reader)

        written, written_next = (Signal(count_bits, name=f"written{n}") for n in ("", "_next"))
        taken, taken_next = (Signal(count_bits, name=f"taken{n}") for n in ("", "_next"))
        written_gray = Signal(count_bits)
        taken_gray = Signal(count_bits)
        written_seen = synchronize(m, written_gray, self.reader, name="written_seen")
        taken_seen = synchronize(m, taken_gray, self.writer, name="taken_seen")

        has_room = Signal()
        gray = named(m, written_next ^ (written_next >> 1), "written_next_gray")
        m.d.comb += [
            self.source.ready.eq(has_room),
            write.en.eq(self.source.valid & has_room),
            write.addr.eq(written[: self.depth_bits]),
            write.data.eq(self.source.payload),
            written_next.eq(written + write.en),
        ]
        # full: a whole round ahead, which turns the two upper bits of a Gray code
        m.d[self.writer] += [
            written.eq(written_next),
            written_gray.eq(gray),
            has_room.eq(gray != taken_seen ^ (0b11 << (count_bits - 2))),
        ]

        valid = Signal()
        gray = named(m, taken_next ^ (taken_next >> 1), "taken_next_gray")
        m.d.comb += [
            self.sink.valid.eq(valid),
            self.sink.payload.eq(read.data),
            taken_next.eq(taken + (valid & self.sink.ready)),
            read.en.eq(1),
            read.addr.eq(taken_next[: self.depth_bits]),
        ]
        m.d[self.reader] += [
            taken.eq(taken_next),
            taken_gray.eq(gray),
            valid.eq(gray != written_seen),
        ]
        return m
