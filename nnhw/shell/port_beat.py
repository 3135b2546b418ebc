"""What is transferred at once at the ports."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib import data


class PortBeat(data.StructLayout):
    """Payload of an AXI4-Stream beat outside of the shell.

    Parameters
    ----------
    beat_bytes
        Bytes of data.
    keep
        Whether it says which of them count.
    tag_bits
        Bits of what a frame is tagged with; 0 if it is not.
    """

    def __init__(self, beat_bytes: int, *, keep: bool, tag_bits: int):
        super().__init__(
            {
                "data": unsigned(8 * beat_bytes),
                "last": unsigned(1),
                **({"keep": unsigned(beat_bytes)} if keep else {}),
                **({"user": unsigned(tag_bits)} if tag_bits else {}),
            }
        )
