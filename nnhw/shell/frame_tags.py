"""tuser: what an input frame is tagged with comes back with its output frame."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
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

    Members
    -------
    outside_in : In(stream.Signature(PortBeat(input_bytes, keep=False, tag_bits=tag_bits)))
        Frames; the tag is that of the first beat, which waits while `MOST_FRAMES` are inside.
    inside_in : Out(stream.Signature(Beat(input_bytes)))
        In the same cycle.
    accepted : In(1)
        One cycle after the last beat of a frame that is not dropped was taken.
    inside_out : In(stream.Signature(Beat(output_bytes)))
    outside_out : Out(stream.Signature(PortBeat(output_bytes, keep=False, tag_bits=tag_bits)))
        In the same cycle, each beat with the tag of its frame; not before `latency` cycles after
        `accepted`.

    Attributes
    ----------
    latency : int
    """

    latency = ResultBuffer.latency

    def __init__(self, *, input_bytes: int, output_bytes: int, tag_bits: int):
        check_integers(self, tag_bits=tag_bits)
        self.tag_bits = tag_bits
        self.begins = Signal(init=1)
        self.frames = Signal(range(MOST_FRAMES + 1))

        def outer(beat_bytes: int) -> stream.Signature:
            return stream.Signature(PortBeat(beat_bytes, keep=False, tag_bits=tag_bits))

        super().__init__(
            {
                "outside_in": In(outer(input_bytes)),
                "inside_in": Out(stream.Signature(Beat(input_bytes))),
                "accepted": In(1),
                "inside_out": In(stream.Signature(Beat(output_bytes))),
                "outside_out": Out(outer(output_bytes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.tags = tags = ResultBuffer(width=self.tag_bits, depth=MOST_FRAMES)
        has_room = Signal()
        self._receive(m, tags, has_room)
        outside, inside = self.outside_out, self.inside_out
        leaves = Signal()
        accepted_frames = named(m, self.frames + self.accepted, "accepted_frames")
        m.d.comb += has_room.eq(accepted_frames < MOST_FRAMES)
        m.d.sync += self.frames.eq(accepted_frames - leaves)
        m.d.comb += [
            outside.payload.data.eq(inside.payload.data),
            outside.payload.last.eq(inside.payload.last),
            outside.payload.user.eq(tags.words.payload),
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
