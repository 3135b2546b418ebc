"""Frames on the host's side: RFC 1662, octet-stuffed, with FCS-32."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .protocol import ESCAPE, ESCAPE_MASK, FCS_BYTES, FLAG


def encode_frame(packet: bytes) -> bytes:
    """The octets that carry a packet over the line, from flag to flag."""
    body = packet + zlib.crc32(packet).to_bytes(FCS_BYTES, "little")
    stuffed = bytearray()
    for octet in body:
        if octet in (FLAG, ESCAPE):
            stuffed += bytes([ESCAPE, octet ^ ESCAPE_MASK])
        else:
            stuffed.append(octet)
    return bytes([FLAG, *stuffed, FLAG])


_MOST_OCTETS = 1 << 26
"""What has more between two flags is no frame: the line is not what it is taken for."""


class FrameDecoder:
    """Finds packets in what comes over the line, in pieces of any size."""

    def __init__(self) -> None:
        self._raw = bytearray()

    def feed(self, octets: bytes) -> Iterator[bytes | None]:
        """The packets that end in `octets`, in order; None for each frame that is damaged."""
        for octet in octets:
            if octet != FLAG:
                if len(self._raw) < _MOST_OCTETS:
                    self._raw.append(octet)
            elif self._raw:
                raw, self._raw = bytes(self._raw), bytearray()
                yield _packet(raw)


def _packet(raw: bytes) -> bytes | None:
    """The packet of the octets between two flags, or None if they are damaged."""
    body = bytearray()
    octets = iter(raw)
    for octet in octets:
        if octet == ESCAPE:
            escaped = next(octets, None)
            if escaped is None:  # an aborted frame
                return None
            octet = escaped ^ ESCAPE_MASK
        body.append(octet)
    packet, check = bytes(body[:-FCS_BYTES]), bytes(body[-FCS_BYTES:])
    return packet if check == zlib.crc32(packet).to_bytes(FCS_BYTES, "little") else None
