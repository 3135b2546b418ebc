"""tuser: what an input frame is tagged with comes back with its output frame."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from ..hdl.beat import Beat
from ..hdl.parameters import check_integers
from ..hdl.result_buffer import ResultBuffer
from .port_beat import PortBeat

MOST_FRAMES = 32
"""Frames that are inside at once, at most. An engine whose sink does not pause has fewer."""


class FrameTags(wiring.Component):
    """Keeps the tags of the frames that are inside.

    Parameters
    ----------
    input_bytes, output_bytes : int
        Bytes of a beat.
    tag_bits : int
    aborts : bool
        Whether frames may be aborted.

    Members
    -------
    outside_in : In(stream.Signature(PortBeat(input_bytes, keep=False, user_bits=tag_bits)))
        Frames; the tag is that of the first beat, which waits while `MOST_FRAMES` are inside.
    inside_in : Out(stream.Signature(Beat(input_bytes)))
        In the same cycle.
    accepted : In(1)
        One cycle after the last beat of a frame that is not dropped was taken.
    aborted : In(1)
        If frames may be aborted: all that were accepted are given up, but for one that ends in this
        cycle. Neither is a beat offered then that is not taken, nor a frame accepted.
    inside_out : In(stream.Signature(PortBeat(output_bytes, keep=False, user_bits=aborts)))
    outside_out : Out(stream.Signature(PortBeat(output_bytes, keep=False, user_bits=...)))
        In the same cycle, each beat with the tag of its frame, above the bit of `inside_out` if
        frames may be aborted; not before `latency` cycles after `accepted`.

    Attributes
    ----------
    latency : int
    """

    latency = ResultBuffer.latency

    def __init__(self, *, input_bytes: int, output_bytes: int, tag_bits: int, aborts: bool = False):
        check_integers(self, tag_bits=tag_bits)
        self.tag_bits = tag_bits
        self.aborts = aborts
        self.begins = Signal(init=1)
        self.frames = Signal(range(MOST_FRAMES + 1))

        def beats(beat_bytes: int, user_bits: int) -> stream.Signature:
            return stream.Signature(PortBeat(beat_bytes, keep=False, user_bits=user_bits))

        super().__init__(
            {
                "outside_in": In(beats(input_bytes, tag_bits)),
                "inside_in": Out(stream.Signature(Beat(input_bytes))),
                "accepted": In(1),
                **({"aborted": In(1)} if aborts else {}),
                "inside_out": In(beats(output_bytes, int(aborts))),
                "outside_out": Out(beats(output_bytes, tag_bits + aborts)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tags = ResultBuffer(width=self.tag_bits, depth=MOST_FRAMES)
        m.submodules.tags = ResetInserter(self.aborted)(tags) if self.aborts else tags
        has_room = Signal()
        self._receive(m, tags, has_room)
        outside, inside = self.outside_out, self.inside_out
        leaves = Signal()
        accepted_frames = named(m, self.frames + self.accepted, "accepted_frames")
        m.d.comb += has_room.eq(accepted_frames < MOST_FRAMES)
        m.d.sync += self.frames.eq(accepted_frames - leaves)
        user: Value = tags.words.payload
        if self.aborts:
            user = Cat(inside.payload.user, user)
            with m.If(self.aborted):
                m.d.sync += self.frames.eq(0)
        m.d.comb += [
            outside.payload.data.eq(inside.payload.data),
            outside.payload.last.eq(inside.payload.last),
            outside.payload.user.eq(user),
            outside.valid.eq(inside.valid & tags.words.valid),
            inside.ready.eq(outside.ready & tags.words.valid),
            leaves.eq(outside.valid & outside.ready & inside.payload.last),
            tags.words.ready.eq(leaves),
        ]
        return m

    def _receive(self, m: Module, tags: ResultBuffer, has_room: Signal) -> None:
        """The input side: frames begin after a tlast."""
        outside, inside = self.outside_in, self.inside_in
        passes = Signal()
        tag = Signal(self.tag_bits, reset_less=True)
        m.d.comb += [
            passes.eq(~self.begins | has_room),
            inside.payload.data.eq(outside.payload.data),
            inside.payload.last.eq(outside.payload.last),
            inside.valid.eq(outside.valid & passes),
            outside.ready.eq(inside.ready & passes),
            tags.write.eq(self.accepted),
            tags.word.eq(tag),
        ]
        with m.If(inside.valid & inside.ready):
            m.d.sync += self.begins.eq(outside.payload.last)
            with m.If(self.begins):
                m.d.sync += tag.eq(outside.payload.user)
