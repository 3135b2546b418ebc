"""What has happened to frames, in numbers."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

_COUNTER_BITS = 64
_IN_FLIGHT_BITS = 16
_FRAME_BITS = 32


class FrameCounters(wiring.Component):
    """Counts frames, and cycles that were lost.

    When nothing is under way, `frames_accepted` is `frames_delivered` and those that were aborted,
    and `frames_dropped` is those and the damaged ones.

    Members
    -------
    begun : In(1)
        In the middle of an input frame.
    accepted, damaged, cut_off, delivered, aborted : In(1)
        Events: an input frame was taken whole; one was damaged; an abort found one in the middle;
        an output frame has left; all that was taken and not delivered is given up.
    input_waits, output_waits : In(1)
        A beat is offered and not taken.
    busy : Out(1)
        A frame has begun and was neither delivered nor dropped.
    frames_accepted, frames_dropped, frames_delivered : Out(64)
    frame_cycles : Out(64)
        Of the frame that was delivered last: cycles in which it was the oldest one. Of a single
        frame these are all from the first beat that was taken to the last one that has left; of one
        that follows another without a pause, those from the last beat of the other one on. Modulo
        2**32.
    input_stalls, output_stalls : Out(64)
        Cycles of `input_waits` and `output_waits`.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "begun": In(1),
                "accepted": In(1),
                "damaged": In(1),
                "cut_off": In(1),
                "delivered": In(1),
                "aborted": In(1),
                "input_waits": In(1),
                "output_waits": In(1),
                "busy": Out(1),
                "frames_accepted": Out(_COUNTER_BITS),
                "frames_dropped": Out(_COUNTER_BITS),
                "frames_delivered": Out(_COUNTER_BITS),
                "frame_cycles": Out(_COUNTER_BITS),
                "input_stalls": Out(_COUNTER_BITS),
                "output_stalls": Out(_COUNTER_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        in_flight = Signal(_IN_FLIGHT_BITS)
        cycles = Signal(_FRAME_BITS)
        dropped = Signal(_IN_FLIGHT_BITS)
        # of a frame whose tlast is missing, the rest may be cut off: it is dropped once
        is_counted = Signal()
        m.d.sync += is_counted.eq(self.begun & (is_counted | self.damaged))
        m.d.comb += self.busy.eq((in_flight != 0) | self.begun | self.accepted)
        m.d.sync += in_flight.eq(in_flight + self.accepted - self.delivered)
        for count, event in (
            (self.frames_accepted, self.accepted),
            (self.frames_delivered, self.delivered),
            (self.input_stalls, self.input_waits),
            (self.output_stalls, self.output_waits),
        ):
            with m.If(event):
                m.d.sync += count.eq(count + 1)
        m.d.comb += dropped.eq(self.damaged | (self.cut_off & ~is_counted))
        with m.If(self.aborted):
            m.d.comb += dropped.eq(in_flight)
            m.d.sync += in_flight.eq(0)
        m.d.sync += [
            self.frames_dropped.eq(self.frames_dropped + dropped),
            cycles.eq(cycles + 1),
        ]
        with m.If(~self.busy):
            m.d.sync += cycles.eq(1)
        with m.If(self.delivered):
            m.d.sync += [self.frame_cycles.eq(cycles), cycles.eq(1)]
        return m
