"""The gate of layers that would read too early."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

from ...isa import InstructionLayout
from .gate import Fetch, Frames, Gate, Layer


class FenceGate(Gate):
    """A layer with a fence waits until all results on their way are in memory."""

    name = "fence"

    def is_needed(self, layout: InstructionLayout) -> bool:
        return layout.asks("fence")

    def holds(self, m: Module, sequencer, fetch: Fetch, issue: Value) -> Value:
        ends_tile = Signal()
        m.d.comb += ends_tile.eq(issue & fetch.tile_last)
        in_flight = Signal(range(sequencer.tiles_in_flight + 1))
        is_in_flight = Signal()
        with m.If(ends_tile & ~sequencer.progress.retired):
            m.d.sync += [in_flight.eq(in_flight + 1), is_in_flight.eq(1)]
        with m.Elif(~ends_tile & sequencer.progress.retired):
            m.d.sync += [in_flight.eq(in_flight - 1), is_in_flight.eq(in_flight != 1)]
        return fetch.is_fenced & is_in_flight

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        clock = frames.clock
        if not layer.fetch.fence:
            return possible
        written = clock.issued + clock.latency + clock.drain - 1 + frames.timing.memory_delay
        return max(possible, written)
