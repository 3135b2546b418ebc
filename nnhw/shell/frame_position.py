"""Where in a frame a stream is."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from ..hdl.parameters import check_integers, check_powers_of_two


class FramePosition(wiring.Component):
    """Counts the beats of a frame, and says which lanes of the next one its tensors use.

    Parameters
    ----------
    beat_bytes : int
        Bytes of a beat, a power of two.
    sizes : sequence of int
        Bytes of the frame's tensors; each begins with a new beat.

    Members
    -------
    advance : In(1)
        A beat is taken.
    restart : In(1)
        With `advance`: the next beat is a frame's first one, whether or not this was its last.
    is_last : Out(1)
        The next beat is the frame's last one.
    keep : Out(beat_bytes)
        Lanes that are used in it.
    """

    def __init__(self, *, beat_bytes: int, sizes: Sequence[int]):
        check_powers_of_two(self, beat_bytes=beat_bytes)
        check_integers(self, tensors=len(sizes))
        for size in sizes:
            check_integers(self, size=size)
        self.beat_bytes = beat_bytes
        self.sizes = tuple(sizes)
        super().__init__(
            {
                "advance": In(1),
                "restart": In(1),
                "is_last": Out(1),
                "keep": Out(beat_bytes),
            }
        )

    def elaborate(self, platform):
        m = Module()
        ends = {}
        beats = 0
        for size in self.sizes:
            beats += -(-size // self.beat_bytes)
            ends[beats - 1] = size % self.beat_bytes
        full = (1 << self.beat_bytes) - 1
        beat = Signal(range(max(2, beats)))
        m.d.comb += [self.is_last.eq(beat == beats - 1), self.keep.eq(full)]
        for place, used in ends.items():
            if used:
                with m.If(beat == place):
                    m.d.comb += self.keep.eq((1 << used) - 1)
        with m.If(self.advance):
            m.d.sync += beat.eq(Mux(self.is_last | self.restart, 0, named(m, beat + 1, "next")))
        return m
