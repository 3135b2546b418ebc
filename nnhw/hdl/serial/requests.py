"""Requests: which of the frames that arrive are believed, and what follows from them."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...link import FCS_BYTES, HEADER_BYTES, Kind, Refusal


class RequestReceiver(wiring.Component):
    """Reads requests, and stores the payload of those that carry a frame.

    What it stores is worth something only after `infer`: damaged requests are written to the
    memory, too, but never while the memory is in use.

    Parameters
    ----------
    frame_bytes : int
        Bytes of an input frame.

    Members
    -------
    octet, valid, ended, good
        From a `FrameDecoder`.
    busy : In(1)
        The memory is in use: requests that carry a frame are refused.
    write : Out(1)
    address : Out(range(frame_bytes))
    byte : Out(8)
        To the memory.
    sequence : Out(8)
        Of the request, or zero if it is damaged; with the following three, of which one is 1 for
        one cycle when a request has ended.
    hello : Out(1)
    infer : Out(1)
        The frame in the memory is undamaged and complete.
    refuse : Out(1)
    refusal : Out(8)
        With `refuse`: the `Refusal`.

    Raises
    ------
    ValueError
        If a frame has no bytes.
    """

    def __init__(self, *, frame_bytes: int):
        if frame_bytes < 1:
            raise ValueError(f"a frame must have at least 1 byte, not {frame_bytes}")
        self.frame_bytes = frame_bytes
        super().__init__(
            {
                "octet": In(8),
                "valid": In(1),
                "ended": In(1),
                "good": In(1),
                "busy": In(1),
                "write": Out(1),
                "address": Out(range(max(2, frame_bytes))),
                "byte": Out(8),
                "sequence": Out(8),
                "hello": Out(1),
                "infer": Out(1),
                "refuse": Out(1),
                "refusal": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        empty = HEADER_BYTES + FCS_BYTES
        full = empty + self.frame_bytes
        # counts all octets of a frame, and stops at one too many
        count = Signal(range(full + 2))
        kind = Signal(8)
        sequence = Signal(8)
        # whether the memory was in use at any time since the frame began
        collided = Signal()

        with m.If(self.valid):
            m.d.sync += count.eq(Mux(count == full + 1, count, count + 1))
            with m.If(count == 0):
                m.d.sync += kind.eq(self.octet)
            with m.If(count == 1):
                m.d.sync += sequence.eq(self.octet)
        with m.If(self.ended):
            m.d.sync += [count.eq(0), collided.eq(0)]
        with m.Elif(self.valid & self.busy):
            m.d.sync += collided.eq(1)

        payload = (count >= HEADER_BYTES) & (count < HEADER_BYTES + self.frame_bytes)
        m.d.comb += [
            self.write.eq(self.valid & payload & (kind == Kind.INFER) & ~self.busy),
            self.address.eq(count - HEADER_BYTES),
            self.byte.eq(self.octet),
            self.sequence.eq(Mux(self.good, sequence, 0)),
        ]
        with m.If(self.ended):
            m.d.comb += self.refuse.eq(1)
            with m.If(~self.good | (count < empty)):
                m.d.comb += self.refusal.eq(Refusal.DAMAGED)
            with m.Elif((kind != Kind.HELLO) & (kind != Kind.INFER)):
                m.d.comb += self.refusal.eq(Refusal.UNKNOWN)
            with m.Elif(count != Mux(kind == Kind.HELLO, empty, full)):
                m.d.comb += self.refusal.eq(Refusal.LENGTH)
            with m.Elif((kind == Kind.INFER) & (collided | self.busy)):
                m.d.comb += self.refusal.eq(Refusal.BUSY)
            with m.Else():
                m.d.comb += [
                    self.refuse.eq(0),
                    self.hello.eq(kind == Kind.HELLO),
                    self.infer.eq(kind == Kind.INFER),
                ]
        return m
