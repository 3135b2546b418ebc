"""Whether an engine has anything to do."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

_FRAME_BITS = 6
"""Of a count of the frames that an engine may hold at once, with much room."""


class IdleMonitor(wiring.Component):
    """Follows frames through an engine that checks them.

    Members
    -------
    offered : In(1)
        An input beat is offered to the engine.
    take, last : In(1)
        It is taken; and whether it has tlast.
    accepted, delivered : In(1)
        An input frame was taken whole; the last beat of an output frame is taken.
    idle : Out(1)
        No beat is offered, and no frame has begun that was neither delivered nor dropped. It falls
        in the cycle in which a beat is offered, and before that is taken.
    """

    def __init__(self) -> None:
        names = ("offered", "take", "last", "accepted", "delivered")
        super().__init__({**dict.fromkeys(names, In(1)), "idle": Out(1)})

    def elaborate(self, platform):
        m = Module()
        receiving = Signal()
        in_flight = Signal(_FRAME_BITS)
        with m.If(self.take):
            m.d.sync += receiving.eq(~self.last)
        m.d.sync += in_flight.eq(in_flight + self.accepted - self.delivered)
        is_busy = self.offered | receiving | self.accepted | (in_flight != 0)
        m.d.comb += self.idle.eq(~is_busy)
        return m
