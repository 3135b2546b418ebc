"""The serial protocol between a host and an accelerator on a board: what both sides share.

Line
    Asynchronous serial, eight data bits, no parity, one stop bit, least significant bit first.
Frames
    RFC 1662, "PPP in HDLC-like Framing", octet-stuffed: a frame stands between two `FLAG` octets;
    inside, `FLAG` and `ESCAPE` are sent as `ESCAPE` and the octet with bit 5 inverted. One flag may
    end a frame and begin the next; empty frames are ignored. A frame ends in its 32-bit frame check
    sequence, FCS-32 of the same RFC (the CRC-32 of IEEE 802.3), least significant octet first.
Packets
    What a frame carries, without the check sequence: one octet `Kind`, one octet sequence number,
    and a payload. A reply repeats the sequence number of its request.

======== ================================= ======== ====================================
request  payload                           reply    payload
======== ================================= ======== ====================================
HELLO    none                              IDENTITY `VERSION`, then the design's digest
INFER    an input frame, in whole beats    RESULT   the output frame, in whole beats
any      -                                 REFUSED  one octet, a `Refusal`
======== ================================= ======== ====================================

The device has one frame in work at a time. It answers in the order in which it is done, not of
requests. A frame that is damaged has no sequence number to be trusted; its refusal says zero.
"""

from __future__ import annotations

from enum import IntEnum

VERSION = 1
"""Of this protocol."""

FLAG = 0x7E
ESCAPE = 0x7D
ESCAPE_MASK = 0x20

FCS_BYTES = 4
HEADER_BYTES = 2
DIGEST_BYTES = 16
"""Of a design, in an identity."""


class Kind(IntEnum):
    """What a packet is; replies have the highest bit set."""

    HELLO = 0x01
    INFER = 0x02
    IDENTITY = 0x81
    RESULT = 0x82
    REFUSED = 0xFF


class Refusal(IntEnum):
    """Why a request is not answered."""

    DAMAGED = 1
    """Wrong check sequence, a stop bit that is none, or an aborted frame."""
    UNKNOWN = 2
    """No such kind of request."""
    LENGTH = 3
    """The payload is longer or shorter than the request's."""
    BUSY = 4
    """A frame is in work."""
