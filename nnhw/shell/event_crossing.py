"""An event from one clock to another."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .synchronizer import Synchronizer


class EventCrossing(wiring.Component):
    """Tells another clock that something has happened, whatever the clocks' relation.

    A level changes with each event and waits for its answer. Events that come meanwhile are told
    together, as one more: none is lost, but they are not counted.

    Parameters
    ----------
    source, target : str
        Clock domains.

    Members
    -------
    event : In(1)
        In the source's domain: it happens in each cycle in which this is high.
    seen : Out(1)
        In the target's domain: for a cycle, some cycles of both clocks later.

    Both domains have to be in reset at the same time for at least two cycles of each.
    """

    def __init__(self, *, source: str, target: str):
        self.source = source
        self.target = target
        super().__init__({"event": In(1), "seen": Out(1)})

    def elaborate(self, platform):
        m = Module()
        waits, told, heard = Signal(), Signal(), Signal()
        arrives = Synchronizer.like(told, name="told")
        answer = Synchronizer.like(heard, name="heard")
        arrives.connect(m, told, self.target)
        answer.connect(m, heard, self.source)
        tells = Signal()
        m.d.comb += tells.eq((waits | self.event) & (told == answer.stable))
        m.d[self.source] += [
            waits.eq((waits | self.event) & ~tells),
            told.eq(told ^ tells),
        ]
        m.d.comb += self.seen.eq(arrives.stable ^ heard)
        m.d[self.target] += heard.eq(arrives.stable)
        return m
