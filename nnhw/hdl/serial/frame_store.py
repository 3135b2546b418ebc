"""One input frame, held until it is known to be undamaged."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..beat import Beat


class FrameStore(wiring.Component):
    """A memory of one frame, which is written by the byte and read by the beat.

    Parameters
    ----------
    frame_bytes : int
        A multiple of `beat_bytes`.
    beat_bytes : int

    Members
    -------
    write : In(1)
    address : In(range(frame_bytes))
    byte : In(8)
        Written at the end of the cycle; never while a frame is sent.
    send : In(1)
        Start sending the frame; not while one is sent.
    sending : Out(1)
    beats : Out(stream.Signature(Beat(beat_bytes)))
        The frame, lowest byte first.

    Raises
    ------
    ValueError
        If a frame is not a whole number of beats.
    """

    def __init__(self, *, frame_bytes: int, beat_bytes: int):
        if frame_bytes < 1 or beat_bytes < 1 or frame_bytes % beat_bytes:
            raise ValueError(f"{frame_bytes} bytes are not whole beats of {beat_bytes}")
        self.frame_bytes = frame_bytes
        self.beat_bytes = beat_bytes
        super().__init__(
            {
                "write": In(1),
                "address": In(range(max(2, frame_bytes))),
                "byte": In(8),
                "send": In(1),
                "sending": Out(1),
                "beats": Out(stream.Signature(Beat(beat_bytes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bytes = memory = Memory(
            shape=unsigned(8), depth=max(2, self.frame_bytes), init=[]
        )
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(self.address),
            write.data.eq(self.byte),
            write.en.eq(self.write),
        ]

        # a byte is read in one cycle and put into the beat in the next
        next_byte = Signal.like(self.address)
        lane = Signal(range(max(2, self.beat_bytes)))
        beat = Signal(8 * self.beat_bytes, reset_less=True)
        m.d.comb += [
            read.addr.eq(next_byte),
            self.beats.payload.data.eq(beat),
            # the counter has gone past the last byte, perhaps back to zero
            self.beats.payload.last.eq(next_byte == self.frame_bytes % (1 << len(next_byte))),
        ]
        with m.FSM() as fsm:
            m.d.comb += self.sending.eq(~fsm.ongoing("REST"))
            with m.State("REST"):
                m.d.sync += [next_byte.eq(0), lane.eq(0)]
                with m.If(self.send):
                    m.next = "READ"
            with m.State("READ"):
                m.d.sync += next_byte.eq(next_byte + 1)
                m.next = "PLACE"
            with m.State("PLACE"):
                m.d.sync += [beat.eq(Cat(beat, read.data)[8:]), lane.eq(lane + 1)]
                m.next = "READ"
                with m.If(lane == self.beat_bytes - 1):
                    m.d.sync += lane.eq(0)
                    m.next = "BEAT"
            with m.State("BEAT"):
                m.d.comb += self.beats.valid.eq(1)
                with m.If(self.beats.ready):
                    m.next = "READ"
                    with m.If(self.beats.payload.last):
                        m.next = "REST"
        return m
