"""Between the streams of the outside and those of the engine: frames wait, or are given up."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..hdl.parameters import check_integers, check_powers_of_two
from .port_beat import PortBeat


class FrameControl(wiring.Component):
    """Lets input frames begin, and aborts all that have begun.

    Otherwise it is nothing but wires. An abort does this, in order:

    - The engine is cut off. The rest of an input frame that is in the middle is taken and discarded
      up to its tlast, also beyond the end of the abort.
    - An output beat that is offered stays until it is taken.
    - The engine is reset.
    - An output frame that has begun is closed by a beat of zeros with tlast and `closes`.

    Parameters
    ----------
    input_bytes, output_bytes : int
        Bytes of a beat, powers of two.
    reset_latency : int or None
        Cycles that the engine needs to be as new. None: it says so itself.
    tag_bits : int
        Bits of tuser of both streams, which goes through with each beat.

    Members
    -------
    enable : In(1)
        Frames may begin. One that has begun goes on without it.
    abort : In(1)
        Begin an abort. Another one that comes before the first is done is part of it.
    outside_in : In(stream.Signature(PortBeat(input_bytes, keep=False, user_bits=tag_bits)))
    inside_in : Out(stream.Signature(PortBeat(input_bytes, keep=False, user_bits=tag_bits)))
        To the engine.
    inside_out : In(stream.Signature(PortBeat(output_bytes, keep=False, user_bits=tag_bits)))
        From the engine.
    outside_out : Out(stream.Signature(PortBeat(output_bytes, keep=False, user_bits=tag_bits)))
    closes : Out(1)
        With a beat of `outside_out`: it closes a frame that was aborted, and has its tuser.
    engine_reset : Out(1)
    resetting : In(1)
        Without a `reset_latency`: from the cycle after `engine_reset` until the engine is as new.
    receiving, sending : Out(1)
        In the middle of a frame: of one that goes to the engine, of one that leaves.
    cut_off : Out(1)
        An abort has found an input frame in the middle.
    discarding : Out(1)
        The rest of an aborted input frame is discarded.
    aborting : Out(1)
        From `abort` until all of the above has happened, but for the rest of the input frame.
    aborted : Out(1)
        The last cycle of an abort.
    delivered : Out(1)
        The last beat of a frame that was not aborted is taken.
    """

    def __init__(
        self,
        *,
        input_bytes: int,
        output_bytes: int,
        reset_latency: int | None,
        tag_bits: int = 0,
    ):
        check_powers_of_two(self, input_bytes=input_bytes, output_bytes=output_bytes)
        check_integers(self, least=0, tag_bits=tag_bits)
        if reset_latency is not None:
            check_integers(self, reset_latency=reset_latency)
        self.reset_latency = reset_latency
        self.tag_bits = tag_bits
        beats_in, beats_out = (
            stream.Signature(PortBeat(beat_bytes, keep=False, user_bits=tag_bits))
            for beat_bytes in (input_bytes, output_bytes)
        )
        super().__init__(
            {
                "enable": In(1),
                "abort": In(1),
                "outside_in": In(beats_in),
                "inside_in": Out(beats_in),
                "inside_out": In(beats_out),
                "outside_out": Out(beats_out),
                "closes": Out(1),
                "engine_reset": Out(1),
                **({"resetting": In(1)} if reset_latency is None else {}),
                "receiving": Out(1),
                "sending": Out(1),
                "cut_off": Out(1),
                "discarding": Out(1),
                "aborting": Out(1),
                "aborted": Out(1),
                "delivered": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        is_cut_off = Signal()
        self._receive(m, is_cut_off)
        offered = self._send(m)
        waited = Signal(range((self.reset_latency or 0) + 2))
        with m.FSM(name="phase"):
            with m.State("OPEN"), m.If(self.abort):
                m.next = "FINISH"
            with m.State("FINISH"):
                m.d.comb += is_cut_off.eq(1)
                with m.If(~offered):
                    m.d.comb += self.engine_reset.eq(1)
                    m.d.sync += waited.eq(0)
                    m.next = "RESET"
            with m.State("RESET"):
                m.d.comb += is_cut_off.eq(1)
                if self.reset_latency is None:
                    is_new = ~self.resetting
                else:
                    m.d.sync += waited.eq(waited + 1)
                    is_new = waited == self.reset_latency + 1
                with m.If(is_new):
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [is_cut_off.eq(1), self.closes.eq(self.sending)]
                with m.If(~self.sending | self.outside_out.ready):
                    m.d.comb += self.aborted.eq(1)
                    m.next = "OPEN"
        m.d.comb += self.aborting.eq(is_cut_off)
        self._connect_output(m, is_cut_off, offered)
        return m

    def _receive(self, m: Module, is_cut_off: Signal) -> None:
        """The input side."""
        outside, inside = self.outside_in, self.inside_in
        is_open = Signal()
        takes = Signal()
        m.d.comb += [
            is_open.eq((self.enable | self.receiving) & ~is_cut_off & ~self.discarding),
            inside.payload.eq(outside.payload),
            inside.valid.eq(outside.valid & is_open),
            outside.ready.eq((inside.ready & is_open) | self.discarding),
            takes.eq(inside.valid & inside.ready),
        ]
        with m.If(takes):
            m.d.sync += self.receiving.eq(~outside.payload.last)
        m.d.comb += self.cut_off.eq(is_cut_off & self.receiving)
        with m.If(self.cut_off):
            m.d.sync += [self.receiving.eq(0), self.discarding.eq(1)]
        with m.If(self.discarding & outside.valid & outside.payload.last):
            m.d.sync += self.discarding.eq(0)

    def _send(self, m: Module) -> Signal:
        """Whether a beat was offered in the cycle before, and not taken."""
        offered = Signal()
        outside = self.outside_out
        m.d.sync += offered.eq(outside.valid & ~outside.ready)
        with m.If(outside.valid & outside.ready):
            m.d.sync += self.sending.eq(~outside.payload.last)
        m.d.comb += self.delivered.eq(
            outside.valid & outside.ready & outside.payload.last & ~self.closes
        )
        return offered

    def _connect_output(self, m: Module, is_cut_off: Signal, offered: Signal) -> None:
        """From the engine, or the beat that closes a frame."""
        outside, inside = self.outside_out, self.inside_out
        passes = Signal()
        m.d.comb += [
            passes.eq(~is_cut_off | offered),
            outside.payload.eq(inside.payload),
            outside.valid.eq(inside.valid & passes),
            inside.ready.eq(outside.ready & passes),
        ]
        with m.If(self.closes):
            m.d.comb += [
                outside.payload.data.eq(0),
                outside.payload.last.eq(1),
                outside.valid.eq(1),
                inside.ready.eq(0),
            ]
        if self.tag_bits:
            tag = Signal(self.tag_bits, reset_less=True)
            with m.If(outside.valid & outside.ready):
                m.d.sync += tag.eq(outside.payload.user)
            with m.If(self.closes):
                m.d.comb += outside.payload.user.eq(tag)
