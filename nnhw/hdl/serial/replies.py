"""Replies: results, identities and refusals become packets."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...link import DIGEST_BYTES, VERSION, Kind
from ..beat import Beat
from .hdlc import PacketOctet, octet_of


class ReplySender(wiring.Component):
    """Sends what is to be answered, one packet after the other.

    Of each kind one reply can be waiting; another of that kind takes its place. That can happen
    to refusals in a burst of noise, where one says as much as many.

    Parameters
    ----------
    digest : bytes
        `DIGEST_BYTES` that identify the design.
    beat_bytes : int
        Bytes a beat of results.

    Members
    -------
    sequence : In(8)
        With the following three, as `RequestReceiver` has them.
    hello : In(1)
    infer : In(1)
        A result will follow.
    refuse : In(1)
    refusal : In(8)
    results : In(stream.Signature(Beat(beat_bytes)))
    done : Out(1)
        The last octet of a result is on its way, for one cycle.
    packets : Out(stream.Signature(PacketOctet()))

    Raises
    ------
    ValueError
        If the digest has another length.
    """

    def __init__(self, *, digest: bytes, beat_bytes: int):
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"digest must have {DIGEST_BYTES} bytes, not {len(digest)}")
        self.digest = digest
        self.beat_bytes = beat_bytes
        super().__init__(
            {
                "sequence": In(8),
                "hello": In(1),
                "infer": In(1),
                "refuse": In(1),
                "refusal": In(8),
                "results": In(stream.Signature(Beat(beat_bytes))),
                "done": Out(1),
                "packets": Out(stream.Signature(PacketOctet())),
            }
        )

    def elaborate(self, platform):
        m = Module()
        identity = bytes([VERSION]) + self.digest
        hello_waiting, refusal_waiting = Signal(), Signal()
        hello_sequence, infer_sequence, refusal_sequence = Signal(8), Signal(8), Signal(8)
        refusal = Signal(8)
        kind, sequence = Signal(Kind), Signal(8)
        index = Signal(range(max(len(identity), self.beat_bytes)))

        packet = self.packets.payload
        moved = self.packets.valid & self.packets.ready
        m.d.comb += self.packets.valid.eq(1)
        with m.FSM():
            with m.State("REST"):
                m.d.comb += self.packets.valid.eq(0)
                with m.If(self.results.valid):
                    m.d.sync += [kind.eq(Kind.RESULT), sequence.eq(infer_sequence)]
                    m.next = "KIND"
                with m.Elif(hello_waiting):
                    m.d.sync += [
                        kind.eq(Kind.IDENTITY),
                        sequence.eq(hello_sequence),
                        hello_waiting.eq(0),
                    ]
                    m.next = "KIND"
                with m.Elif(refusal_waiting):
                    m.d.sync += [
                        kind.eq(Kind.REFUSED),
                        sequence.eq(refusal_sequence),
                        refusal_waiting.eq(0),
                    ]
                    m.next = "KIND"
            with m.State("KIND"):
                m.d.comb += packet.octet.eq(kind)
                with m.If(moved):
                    m.next = "SEQUENCE"
            with m.State("SEQUENCE"):
                m.d.comb += packet.octet.eq(sequence)
                m.d.sync += index.eq(0)
                with m.If(moved):
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                with m.Switch(kind):
                    with m.Case(Kind.RESULT):
                        beat_done = index == self.beat_bytes - 1
                        m.d.comb += [
                            packet.octet.eq(octet_of(self.results.payload.data, index)),
                            packet.last.eq(beat_done & self.results.payload.last),
                            self.packets.valid.eq(self.results.valid),
                            self.results.ready.eq(beat_done & self.packets.ready),
                            self.done.eq(moved & packet.last),
                        ]
                    with m.Case(Kind.IDENTITY):
                        octets = C(int.from_bytes(identity, "little"), 8 * len(identity))
                        m.d.comb += [
                            packet.octet.eq(octet_of(octets, index)),
                            packet.last.eq(index == len(identity) - 1),
                        ]
                    with m.Default():
                        m.d.comb += [packet.octet.eq(refusal), packet.last.eq(1)]
                with m.If(moved):
                    m.d.sync += index.eq(index + 1)
                    with m.If(self.results.ready):
                        m.d.sync += index.eq(0)
                    with m.If(packet.last):
                        m.next = "REST"

        # what arrives while a reply is being chosen is not to be lost: these come last
        with m.If(self.hello):
            m.d.sync += [hello_waiting.eq(1), hello_sequence.eq(self.sequence)]
        with m.If(self.infer):
            m.d.sync += infer_sequence.eq(self.sequence)
        with m.If(self.refuse):
            m.d.sync += [
                refusal_waiting.eq(1),
                Cat(refusal_sequence, refusal).eq(Cat(self.sequence, self.refusal)),
            ]
        return m
