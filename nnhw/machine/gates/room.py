"""The gate of results that leave the engine."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value

from .gate import Fetch, Frames, Gate, Layer


class RoomGate(Gate):
    """The last fetch of a tile whose results are streamed waits until the output buffer has room
    for the largest one."""

    name = "room"

    def holds(self, m: Module, sequencer, fetch: Fetch, issue: Value) -> Value:
        # entries of the output buffer that are left when the largest of all tiles has taken its own
        most, depth = sequencer.tile_entries, sequencer.buffer_depth
        spare = Signal(range(-most, depth + 1), name="spare_entries", init=depth - most)
        # both sums are there before it is known whether the fetch is issued
        left_over = Mux(sequencer.entry_freed, spare + 1, spare)
        fewer = Signal(spare.shape(), name="fewer_entries")
        m.d.comb += fewer.eq(spare - fetch.entries)
        reserved = Mux(sequencer.entry_freed, fewer + 1, fewer)
        takes = Signal(name="takes_entries")
        m.d.comb += takes.eq(issue & fetch.streams_tile)
        spare_next = Signal.like(spare, name="spare_entries_next")
        m.d.comb += spare_next.eq(Mux(takes, reserved, left_over))
        m.d.sync += spare.eq(spare_next)
        return fetch.streams_tile & (spare < 0)

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        return frames.output.reserve(possible, frames.timing.limits.tile_entries)
