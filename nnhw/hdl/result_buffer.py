"""The buffer between write-back and the output stream's gearbox."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..machine import RESULT_BUFFER_LATENCY
from .parameters import check_integers
from .technology import PORTABLE, Technology


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
    technology : Technology
        What its memory is built of.

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

    def __init__(self, *, width: int, depth: int, technology: Technology = PORTABLE):
        check_integers(self, width=width, depth=depth)
        self.width = width
        self.depth = depth
        self.technology = technology
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
        write_place = Signal(place_bits)
        read_place = Signal(place_bits)
        next_place = Signal(place_bits, init=1)
        # known a cycle before, since what is read decides where the next word is looked for
        is_filled = Signal()
        read = Signal()
        is_read = Signal()
        head_moves = Signal()
        head_valid = Signal()
        m.d.comb += [
            head_moves.eq(~head_valid | self.words.ready),
            read.eq(is_filled & (~is_read | head_moves)),
            self.words.valid.eq(head_valid),
        ]
        m.d.sync += [
            write_place.eq(write_place + self.write),
            is_filled.eq(self.write | Mux(read, write_place != next_place, is_filled)),
            is_read.eq(read | (is_read & ~head_moves)),
            self.freed.eq(is_read & head_moves),
        ]
        with m.If(read):
            m.d.sync += [read_place.eq(next_place), next_place.eq(next_place + 1)]
        # memory is slow: its answer goes to a register before anything is made of it; until it can,
        # nothing else is read
        head = self.technology.ram(
            m,
            read_row=read_place,
            write_enable=self.write,
            write_row=write_place,
            write_data=self.word,
            depth=1 << place_bits,
            output_register=True,
            read_enable=~is_read | head_moves,
            register_enable=head_moves,
            name="memory",
        )
        m.d.comb += self.words.payload.eq(head)
        with m.If(head_moves):
            m.d.sync += head_valid.eq(is_read)
        return m
