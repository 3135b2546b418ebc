"""A queue that says how much room there is in it, and how much can be taken out."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..hdl.parameters import check_integers
from ..hdl.result_buffer import ResultBuffer


class WordQueue(wiring.Component):
    """A queue of words between a stream and software, which asks before it writes or reads.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words that there is room for.

    Members
    -------
    clear : In(1)
        Forget all words. Nothing is taken or offered meanwhile, and there is no room.
    source : In(stream.Signature(width))
        Ready as long as there is room.
    room : Out(range(depth + 1))
        So many words can be written without a wait.
    sink : Out(stream.Signature(width))
    words : Out(range(depth + 2))
        So many words can be taken without a wait.
    """

    def __init__(self, *, width: int, depth: int):
        check_integers(self, width=width, depth=depth)
        self.width = width
        self.depth = depth
        self.free = Signal(range(depth + 1), init=depth)
        super().__init__(
            {
                "clear": In(1),
                "source": In(stream.Signature(width)),
                "room": Out(range(depth + 1)),
                "sink": Out(stream.Signature(width)),
                "words": Out(range(depth + 2)),  # one more than in the memory is offered
            }
        )

    def elaborate(self, platform):
        m = Module()
        buffer = ResultBuffer(width=self.width, depth=self.depth)
        m.submodules.buffer = ResetInserter(self.clear)(buffer)
        takes, gives = Signal(), Signal()
        # a word counts when it is offered
        comes = Signal(buffer.latency - 1)
        m.d.comb += [
            self.source.ready.eq((self.free != 0) & ~self.clear),
            takes.eq(self.source.valid & self.source.ready),
            buffer.write.eq(takes),
            buffer.word.eq(self.source.payload),
            self.sink.valid.eq(buffer.words.valid & ~self.clear),
            self.sink.payload.eq(buffer.words.payload),
            buffer.words.ready.eq(self.sink.ready & ~self.clear),
            gives.eq(self.sink.valid & self.sink.ready),
        ]
        with m.If(~self.clear):
            m.d.comb += self.room.eq(self.free)
        m.d.sync += [
            self.free.eq(self.free + buffer.freed - takes),
            comes.eq(comes << 1 | takes),
            self.words.eq(self.words + comes[-1] - gives),
        ]
        with m.If(self.clear):
            m.d.sync += [self.free.eq(self.depth), comes.eq(0), self.words.eq(0)]
        return m
