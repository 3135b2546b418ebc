"""Which of two loaded networks an engine works on: that of the frame that comes next."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import named
from .parameters import check_integers
from .reset_tree import RESET_STAGES


class BankSwitch(wiring.Component):
    """Remembers of each input frame in which bank it has begun, and lets the engine work there.

    All that computes works in one bank at a time. When the next frame is of the other one, it waits
    until the frames before it have left, then all but the frame buffer is reset and begins anew.

    Parameters
    ----------
    buffers : int
        Frames that the frame buffer holds, 1 or 2.
    most_frames : int
        Most frames that have been read and have not left.

    Members
    -------
    selected : In(1)
        Bank of the frames that begin, from the cycle after it has changed on.
    between_next : In(1)
        The next beat is a frame's first one; see `FrameBuffer`, as for all that follow.
    readable : In(range(buffers + 1))
    received : In(1)
    consumed : In(1)
    delivered : In(1)
        A frame's last output beat is taken.
    receiving : Out(1)
        Bank of the frame that arrives.
    at_work : Out(1)
        Bank in which the engine works; it changes only when no frame is in it but for those in the
        frame buffer.
    restart : Out(1)
        The engine is to be reset but for its frame buffer, and works in another bank from then on.
    holds_next : Out(1)
        In the next cycle the next frame may not be read yet.
    free : Out(1)
        No frame is of the bank that is not selected. It falls in the cycle after `selected`
        changes, and never else.
    """

    def __init__(self, *, buffers: int, most_frames: int):
        check_integers(self, buffers=buffers, most_frames=most_frames)
        self.buffers = buffers
        self.most_frames = most_frames
        super().__init__(
            {
                "selected": In(1),
                "between_next": In(1),
                "readable": In(range(buffers + 1)),
                "received": In(1),
                "consumed": In(1),
                "delivered": In(1),
                "receiving": Out(1),
                "at_work": Out(1),
                "restart": Out(1),
                "holds_next": Out(1),
                "free": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # what says where frames are outlasts resets, since it is of no meaning without a frame
        receiving = Signal(reset_less=True, name="receiving_bank")
        at_work = Signal(reset_less=True, name="bank_at_work")
        is_between = Signal(init=1)
        m.d.comb += [self.receiving.eq(receiving), self.at_work.eq(at_work)]
        m.d.sync += is_between.eq(self.between_next)
        with m.If(self.between_next):
            m.d.sync += receiving.eq(self.selected)

        front, back, following_fronts = self._follow_frames(m, receiving)
        in_flight = Signal(range(self.most_frames + 1))
        m.d.sync += in_flight.eq(
            named(m, in_flight + self.consumed, "in_flight_more") - self.delivered
        )
        is_there = named(m, self.readable != 0, "is_there")
        arrives = named(m, Mux(is_between, self.selected, receiving), "arriving_bank")
        following = named(m, Mux(is_there, front, arrives), "next_bank")
        differs = named(m, following ^ at_work, "next_differs")
        is_empty = named(m, in_flight == 0, "is_empty")
        m.d.comb += self.restart.eq(differs & is_empty)
        at_work_next = named(m, Mux(is_empty, following, at_work), "bank_at_work_next")
        m.d.sync += at_work.eq(at_work_next)
        # the reset of a restart is on its way
        restarting = Signal(RESET_STAGES)
        restarting_next = Signal.like(restarting, name="restarting_next")
        m.d.comb += restarting_next.eq((restarting << 1) | self.restart)
        m.d.sync += restarting.eq(restarting_next)
        # both answers are there before it is known whether a frame is consumed
        if_left, if_consumed = (
            named(m, (bank ^ at_work_next) | restarting_next.any(), f"holds_{when}")
            for bank, when in zip(following_fronts, ("if_left", "if_consumed"), strict=True)
        )
        m.d.comb += self.holds_next.eq(Mux(self.consumed, if_consumed, if_left))

        others = [
            at_work ^ self.selected,
            ~is_between & (receiving ^ self.selected),
            is_there & (front ^ self.selected),
        ]
        if self.buffers == 2:
            others.append((self.readable == 2) & (back ^ self.selected))
        is_used = Signal()
        for other in others:
            with m.If(other):
                m.d.comb += is_used.eq(1)
        m.d.sync += self.free.eq(~is_used)
        return m

    def _follow_frames(
        self, m: Module, receiving: Signal
    ) -> tuple[Signal, Signal, tuple[Value, Value]]:
        """Banks of the frames in the frame buffer: of the next one, and of the one after it; and
        what the first of them is in the next cycle, unless a frame is consumed, and if one is."""
        front, back = (Signal(reset_less=True, name=name) for name in ("front_bank", "back_bank"))
        left = named(m, self.readable - self.consumed, "left_frames")
        none_left = self.received & (self.readable == 0)
        if_left = named(m, Mux(none_left, receiving, front), "front_if_left")
        if_consumed: Value = receiving
        if self.buffers == 2:
            last_goes = self.received & (self.readable == 1)
            if_consumed = named(m, Mux(last_goes, receiving, back), "front_if_consumed")
            with m.If(self.received & (left != 0)):
                m.d.sync += back.eq(receiving)
        m.d.sync += front.eq(Mux(self.consumed, if_consumed, if_left))
        return front, back, (if_left, if_consumed)
