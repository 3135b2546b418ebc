"""What is transferred at once over a stream of frames."""

from __future__ import annotations

from amaranth.hdl import ShapeLike, unsigned
from amaranth.lib import data


class Beat(data.StructLayout):
    """Payload of an AXI4-Stream beat: bytes and the mark of a frame's last beat."""

    def __init__(self, beat_bytes: int):
        super().__init__({"data": unsigned(8 * beat_bytes), "last": unsigned(1)})


def input_beat(beat_bytes: int, *, checked: bool) -> ShapeLike:
    """Payload of an input beat: a `Beat` where frames are checked, else bytes alone."""
    return Beat(beat_bytes) if checked else unsigned(8 * beat_bytes)
