"""The bridge from a line of octets to an accelerator."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..beat import Beat
from .frame_store import FrameStore
from .hdlc import FrameDecoder, FrameEncoder
from .replies import ReplySender
from .requests import RequestReceiver


class PacketBridge(wiring.Component):
    """Answers requests by the protocol of `nnhw.link.protocol`.

    The accelerator gets undamaged frames only: each is stored and checked before its first beat
    leaves. There is one in work at a time, from the end of its request to the end of its result.

    Parameters
    ----------
    digest : bytes
        `DIGEST_BYTES` that identify the design.
    input_bytes : int
        Bytes of an input frame, a whole number of beats.
    input_beat_bytes : int
    output_beat_bytes : int

    Members
    -------
    received : In(8)
    received_valid : In(1)
        There is an octet from the line; at most every other cycle.
    received_error : In(1)
        An octet from the line was lost.
    sent : Out(stream.Signature(8))
        To the line.
    frames : Out(stream.Signature(Beat(input_beat_bytes)))
        To the accelerator.
    results : In(stream.Signature(Beat(output_beat_bytes)))
        From the accelerator.
    busy : Out(1)
        A frame is in work.
    """

    def __init__(
        self, *, digest: bytes, input_bytes: int, input_beat_bytes: int, output_beat_bytes: int
    ):
        self._requests = RequestReceiver(frame_bytes=input_bytes)
        self._store = FrameStore(frame_bytes=input_bytes, beat_bytes=input_beat_bytes)
        self._replies = ReplySender(digest=digest, beat_bytes=output_beat_bytes)
        super().__init__(
            {
                "received": In(8),
                "received_valid": In(1),
                "received_error": In(1),
                "sent": Out(stream.Signature(8)),
                "frames": Out(stream.Signature(Beat(input_beat_bytes))),
                "results": In(stream.Signature(Beat(output_beat_bytes))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = FrameDecoder()
        m.submodules.encoder = encoder = FrameEncoder()
        m.submodules.requests = requests = self._requests
        m.submodules.store = store = self._store
        m.submodules.replies = replies = self._replies

        busy = Signal()
        with m.If(requests.infer):
            m.d.sync += busy.eq(1)
        with m.Elif(replies.done):
            m.d.sync += busy.eq(0)

        m.d.comb += [
            self.busy.eq(busy),
            decoder.line_octet.eq(self.received),
            decoder.line_valid.eq(self.received_valid),
            decoder.line_error.eq(self.received_error),
            requests.octet.eq(decoder.octet),
            requests.valid.eq(decoder.valid),
            requests.ended.eq(decoder.ended),
            requests.good.eq(decoder.good),
            requests.busy.eq(busy),
            store.write.eq(requests.write),
            store.address.eq(requests.address),
            store.byte.eq(requests.byte),
            store.send.eq(requests.infer),
            replies.sequence.eq(requests.sequence),
            replies.hello.eq(requests.hello),
            replies.infer.eq(requests.infer),
            replies.refuse.eq(requests.refuse),
            replies.refusal.eq(requests.refusal),
        ]
        connect(m, store.beats, flipped(self.frames))
        connect(m, flipped(self.results), replies.results)
        connect(m, replies.packets, encoder.packets)
        connect(m, encoder.line, flipped(self.sent))
        return m
