"""The gate of the first fetch of a frame."""

from __future__ import annotations

from amaranth.hdl import Module, Value

from .gate import Fetch, Frames, Gate, Layer


class FrameGate(Gate):
    """The first layer waits for an input frame."""

    name = "frame"

    def holds(self, m: Module, sequencer, fetch: Fetch, issue: Value) -> Value:
        return fetch.frame_first & ~sequencer.frame_available

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        return max(possible, frames.loaded + 1)
