"""A board in Python: answers requests as `nnhw.link.protocol` says."""

from __future__ import annotations

from collections.abc import Callable

from nnhw.link import HEADER_BYTES, VERSION, FrameDecoder, Kind, Refusal, encode_frame


class SoftwareBoard:
    """What is behind the serial line.

    Parameters
    ----------
    digest
        Of its design.
    input_bytes
        Bytes of an input frame.
    answer
        From input frame to output frame.
    """

    def __init__(self, digest: bytes, input_bytes: int, answer: Callable[[bytes], bytes]):
        self._digest = digest
        self._input_bytes = input_bytes
        self._answer = answer
        self._decoder = FrameDecoder()
        self.frames: list[bytes] = []

    def handle(self, octets: bytes) -> bytes:
        """What comes back for octets that arrive."""
        return b"".join(map(self._reply, self._decoder.feed(octets)))

    def _reply(self, packet: bytes | None) -> bytes:
        if packet is None or len(packet) < HEADER_BYTES:
            return encode_frame(bytes([Kind.REFUSED, 0, Refusal.DAMAGED]))
        kind, sequence, payload = packet[0], packet[1], packet[HEADER_BYTES:]
        if kind == Kind.HELLO:
            return encode_frame(bytes([Kind.IDENTITY, sequence, VERSION]) + self._digest)
        if kind != Kind.INFER:
            return encode_frame(bytes([Kind.REFUSED, sequence, Refusal.UNKNOWN]))
        if len(payload) != self._input_bytes:
            return encode_frame(bytes([Kind.REFUSED, sequence, Refusal.LENGTH]))
        self.frames.append(payload)
        return encode_frame(bytes([Kind.RESULT, sequence]) + self._answer(payload))
