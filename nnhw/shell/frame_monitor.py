"""What an engine says of input frames, found where they leave for it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.parameters import check_integers


class FrameMonitor(wiring.Component):
    """Counts the beats of frames as the engine's frame buffer does behind a queue.

    So whoever stands in front of the queue knows of each frame what the engine will say of it,
    without asking across clocks; see `FrameBuffer`.

    Parameters
    ----------
    beats : int
        Of a frame; the most if `loaded`.
    loaded : bool
        Whether their number is loaded.

    Members
    -------
    take, last : In(1)
        A beat leaves for the engine; whether it has tlast.
    frame_accepted, frame_error : Out(1)
        In the cycle after a frame's last beat: it is whole; or its tlast comes early, late or not
        at all.
    frame_early : Out(1)
        With `frame_error`: whether it came early.
    last_beat : In(range(beats))
        If it is loaded: number of a frame's last beat.
    """

    def __init__(self, *, beats: int, loaded: bool = False):
        check_integers(self, beats=beats)
        self.loaded = loaded
        self.beats = beats
        self.beat = Signal(range(max(2, beats)))
        self.discarding = Signal()
        super().__init__(
            {
                "take": In(1),
                "last": In(1),
                "frame_accepted": Out(1),
                "frame_error": Out(1),
                "frame_early": Out(1),
                **({"last_beat": In(range(max(2, beats)))} if loaded else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        beat, discarding = self.beat, self.discarding
        is_last, counts = Signal(name="is_last_beat"), Signal()
        m.d.comb += [
            is_last.eq(beat == (self.last_beat if self.loaded else self.beats - 1)),
            counts.eq(self.take & ~discarding),
        ]
        m.d.sync += [
            self.frame_accepted.eq(counts & is_last & self.last),
            self.frame_error.eq(counts & (is_last ^ self.last)),
            self.frame_early.eq(self.last),
        ]
        with m.If(self.take):
            m.d.sync += discarding.eq(~self.last & (is_last | discarding))
        with m.If(counts):
            m.d.sync += beat.eq(beat + 1)
            with m.If(is_last | self.last):
                m.d.sync += beat.eq(0)
        return m
