"""The gate of tiles that follow each other too fast for the requantizers."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

from ...isa import InstructionLayout
from .gate import Clock, Fetch, Frames, Gate, Layer


class DrainGate(Gate):
    """The last fetch of a tile waits until the drain has given out the tile before."""

    name = "drain"

    def is_needed(self, layout: InstructionLayout) -> bool:
        return layout.asks("drain_cycles", "drain_cycles_last")

    def holds(self, m: Module, sequencer, fetch: Fetch, issue: Value) -> Value:
        ends_tile = issue & fetch.tile_last
        left = Signal.like(fetch.drain_cycles, name="drain_cycles_left")
        drain_is_busy = Signal()
        with m.If(ends_tile):
            m.d.sync += [
                left.eq(fetch.drain_cycles),
                drain_is_busy.eq(fetch.drain_cycles != 0),
            ]
        with m.Elif(drain_is_busy):
            m.d.sync += [left.eq(left - 1), drain_is_busy.eq(left != 1)]
        return fetch.tile_last & drain_is_busy

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        return max(possible, frames.clock.issued + frames.clock.drain)

    def total_wait(self, first: int, layer: Layer, clock: Clock) -> int:
        """Cycles that all tiles of a layer together wait, if this is the one gate of its tiles and
        its first fetch is issued in cycle `first`."""
        fetch, drain = layer.fetch, layer.drain
        per_tile = fetch.fetches_per_roll
        tiles, pixels = fetch.tiles + 1, drain.pixels + 1
        cycles, cycles_last = fetch.drain_cycles + 1, fetch.drain_cycles_last + 1
        warmup = fetch.warmup * per_tile
        natural = first + warmup + per_tile - 1
        last = pixels  # each pixel's last strip
        others = pixels * (tiles - 1)
        # from the last tile of a strip to the first one of the next; if they overlap, the first
        # roll counts
        between = warmup + per_tile * (1 - fetch.overlaps)
        return (
            max(0, clock.issued + clock.drain - natural)
            + (others * max(0, cycles - per_tile) + last * max(0, cycles_last - per_tile))
            * drain.rolls
            + others * max(0, cycles - between)
            + (last - 1) * max(0, cycles_last - between)
        )
