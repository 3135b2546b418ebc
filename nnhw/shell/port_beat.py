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
    user_bits
        Bits of what is said of a frame besides; 0 if there is nothing.
    """

    def __init__(self, beat_bytes: int, *, keep: bool, user_bits: int):
        super().__init__(
            {
                "data": unsigned(8 * beat_bytes),
                "last": unsigned(1),
                **({"keep": unsigned(beat_bytes)} if keep else {}),
                **({"user": unsigned(user_bits)} if user_bits else {}),
            }
        )
