"""The buffer between write-back and the output stream's gearbox."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..machine import RESULT_BUFFER_LATENCY
from .parameters import check_integers


class ResultBuffer(wiring.Component):
    """A queue that is never asked to hold more than it can: its entries are reserved beforehand.

    So there is no way to refuse a word, and all that is to be known of the memory is whether there
    is anything in it.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words that it holds besides the one that it offers, at least.

    Members
    -------
    write : In(1)
    word : In(width)
    words : Out(stream.Signature(width))
        In order, from registers; each `latency` cycles after it was written, or later.
    freed : Out(1)
        A word is the first one to be offered: one more can be written.

    Attributes
    ----------
    latency : int
    """

    latency = RESULT_BUFFER_LATENCY

    def __init__(self, *, width: int, depth: int):
        check_integers(self, width=width, depth=depth)
        self.width = width
        self.depth = depth
        super().__init__(
            {
                "write": In(1),
                "word": In(width),
                "words": Out(stream.Signature(width)),
                "freed": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # one row more than words: equal places mean that there is nothing to read
        place_bits = self.depth.bit_length()
        memory = Memory(shape=self.width, depth=1 << place_bits, init=[])
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        write_place = Signal(place_bits)
        read_place = Signal(place_bits)
        is_read = Signal()
        head_moves = Signal()
        # memory is slow: its answer goes to a register before anything is made of it
        head = Signal(self.width, reset_less=True)
        head_valid = Signal()
        m.d.comb += [
            head_moves.eq(~head_valid | self.words.ready),
            read.en.eq((write_place != read_place) & (~is_read | head_moves)),
            read.addr.eq(read_place),
            write.en.eq(self.write),
            write.addr.eq(write_place),
            write.data.eq(self.word),
            self.words.valid.eq(head_valid),
            self.words.payload.eq(head),
        ]
        m.d.sync += [
            write_place.eq(write_place + self.write),
            read_place.eq(read_place + read.en),
            is_read.eq(read.en | (is_read & ~head_moves)),
            self.freed.eq(is_read & head_moves),
        ]
        with m.If(head_moves):
            m.d.sync += [head.eq(read.data), head_valid.eq(is_read)]
        return m
