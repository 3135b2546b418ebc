"""The gate of the first fetch of a frame."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

from .gate import Fetch, Follow, Frames, Gate, Layer


class FrameGate(Gate):
    """The first layer waits for an input frame."""

    name = "frame"

    def prepare(self, m: Module, sequencer, fetch: Fetch, follow: Follow) -> None:
        begins_frame = follow(lambda each, _: each.frame_first, "begins_frame")
        fetch.lacks_frame = Signal(name="lacks_frame")
        m.d.sync += fetch.lacks_frame.eq(begins_frame & ~sequencer.frame_available_next)

    def holds(self, m: Module, sequencer, fetch: Fetch, issue: Value) -> Value:
        return fetch.lacks_frame

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        return max(possible, frames.loaded + 1)
