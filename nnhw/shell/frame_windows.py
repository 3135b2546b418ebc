"""Frames word by word: software writes input frames, and reads output frames, over its bus."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..registers import WINDOW_WORDS
from ..registers.description import WORD_BITS, WORD_BYTES
from .port_beat import PortBeat
from .word_queue import WordQueue


class FrameWindows(wiring.Component):
    """A queue for each direction, in which a beat is a word of the bus.

    Nothing waits here: a word that finds no room is lost, and a read that finds no word answers
    zero; both are reported. Software that asks `room` and `words` first never sees either.

    Members
    -------
    clear : In(1)
        An abort: both windows are emptied, and an input frame that has begun to leave is closed by
        a beat of zeros, so that the next word begins a new one. Beats that arrive are discarded.
    write : In(1)
        A word of an input frame is written.
    last : In(1)
        With it: the word is the frame's last.
    word : In(32)
    room : Out(range(WINDOW_WORDS + 1))
        Words that can be written.
    overflow : Out(1)
        The word that is written is lost.
    read : In(1)
        The next word of an output frame is taken.
    next_word : Out(32)
        Zero if there is none.
    next_last : Out(1)
        Whether it ends its frame.
    words : Out(range(WINDOW_WORDS + 2))
        Words that can be read.
    underflow : Out(1)
        There is none that is taken.
    frames_in : Out(stream.Signature(PortBeat(4, keep=False, user_bits=0)))
        Input frames.
    frames_out : In(stream.Signature(PortBeat(4, keep=False, user_bits=0)))
        Output frames.
    """

    def __init__(self) -> None:
        beats = stream.Signature(PortBeat(WORD_BYTES, keep=False, user_bits=0))
        self.begun = Signal()
        self.closes = Signal()
        super().__init__(
            {
                "clear": In(1),
                "write": In(1),
                "last": In(1),
                "word": In(WORD_BITS),
                "room": Out(range(WINDOW_WORDS + 1)),
                "overflow": Out(1),
                "read": In(1),
                "next_word": Out(WORD_BITS),
                "next_last": Out(1),
                "words": Out(range(WINDOW_WORDS + 2)),
                "underflow": Out(1),
                "frames_in": Out(beats),
                "frames_out": In(beats),
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._receive(m)
        self._send(m)
        return m

    def _receive(self, m: Module) -> None:
        """From software to the engine."""
        m.submodules.input_words = queue = WordQueue(width=WORD_BITS + 1, depth=WINDOW_WORDS)
        beats = self.frames_in
        m.d.comb += [
            queue.clear.eq(self.clear),
            queue.source.valid.eq(self.write),
            queue.source.payload.eq(Cat(self.word, self.last)),
            self.overflow.eq(self.write & ~queue.source.ready),
            self.room.eq(queue.room),
            queue.sink.ready.eq(beats.ready & ~self.closes),
        ]
        with m.If(self.closes):
            m.d.comb += [beats.valid.eq(1), beats.payload.last.eq(1)]
        with m.Else():
            m.d.comb += [
                beats.valid.eq(queue.sink.valid),
                beats.payload.data.eq(queue.sink.payload),
                beats.payload.last.eq(queue.sink.payload[WORD_BITS]),
            ]
        with m.If(beats.valid & beats.ready):
            m.d.sync += [self.begun.eq(~beats.payload.last), self.closes.eq(0)]
        with m.Elif(self.clear & self.begun):
            m.d.sync += self.closes.eq(1)

    def _send(self, m: Module) -> None:
        """From the engine to software."""
        m.submodules.output_words = queue = WordQueue(width=WORD_BITS + 1, depth=WINDOW_WORDS)
        beats = self.frames_out
        m.d.comb += [
            queue.clear.eq(self.clear),
            queue.source.valid.eq(beats.valid),
            queue.source.payload.eq(Cat(beats.payload.data, beats.payload.last)),
            beats.ready.eq(queue.source.ready | self.clear),
            queue.sink.ready.eq(self.read),
            self.words.eq(queue.words),
            self.underflow.eq(self.read & ~queue.sink.valid),
        ]
        with m.If(queue.sink.valid):
            m.d.comb += [
                self.next_word.eq(queue.sink.payload),
                self.next_last.eq(queue.sink.payload[WORD_BITS]),
            ]
