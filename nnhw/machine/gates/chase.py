"""The gate of layers that read a vector while it is written."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Signal, Value

from ...isa import DrainInstruction, FetchInstruction, InstructionLayout
from ..comparison import is_less
from .gate import Clock, Fetch, Follow, Frames, Gate, Layer


class ChaseGate(Gate):
    """Each fetch of a layer that chases waits for just its own bytes."""

    name = "chase"

    def is_needed(self, layout: InstructionLayout) -> bool:
        return layout.asks("chase")

    def prepare(self, m: Module, sequencer, fetch: Fetch, follow: Follow) -> None:
        progress = sequencer.progress

        def is_covered(chasing: Fetch, which: str) -> Value:
            """Whether all that a fetch reads is in memory in the next cycle."""
            is_beyond = Signal(name=f"{which}_is_beyond")
            m.d.comb += is_beyond.eq(is_less(progress.covered, chasing.x))
            layers = chasing.unwritten_layers
            return ~layers[1:].any() & ~(layers[0] & is_beyond)

        fetch.is_covered = Signal(name="is_covered")
        m.d.sync += fetch.is_covered.eq(follow(is_covered, "is_covered"))

    def holds(self, m: Module, sequencer, fetch: Fetch, issue: Value) -> Value:
        return fetch.chase & ~fetch.is_covered

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        if not layer.fetch.chase:
            return possible
        assert layer.before is not None
        timing = frames.timing
        written = write_times(
            *layer.before, frames.clock, lanes=timing.config.lanes, delay=timing.memory_delay
        )
        fetches = layer.fetch.chunks + 1
        ends = np.arange(1, fetches + 1) * timing.config.rows
        last_bytes = np.minimum(ends, len(written)) - 1
        # each fetch is one cycle after the one before, or as late as its last byte
        late = written[last_bytes] - (possible + np.arange(fetches))
        return possible + max(0, int(late.max()))


def write_times(
    fetch: FetchInstruction, drain: DrainInstruction, clock: Clock, *, lanes: int, delay: int
) -> np.ndarray:
    """Cycle from which on each byte of a layer can be read, for one that writes in order.

    Parameters
    ----------
    clock
        Stands after the layer's last issue.
    delay
        Cycles from the end of write-back to memory.
    """
    per_tile = fetch.fetches_per_roll
    a_step = 2 if drain.paired else 1
    # drain cycles and results of each tile
    grid = (drain.pixels + 1, drain.tiles + 1)
    cycles_grid = np.full(grid, fetch.drain_cycles + 1)
    cycles_grid[:, -1] = fetch.drain_cycles_last + 1
    tails = np.full(grid, drain.count)
    tails[:, -1] = drain.count_last
    cycles = cycles_grid.ravel()
    spacing = np.maximum(cycles, per_tile * (fetch.warmup + 1))
    later = np.append(np.cumsum(spacing[:-1][::-1])[::-1], 0)
    first = clock.issued - later + clock.latency + delay + a_step - 1
    # one entry a step, then one a byte
    steps = cycles // a_step
    step = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    times = np.repeat(first, steps) + step * a_step
    counts = np.full(len(times), lanes)
    counts[np.cumsum(steps) - 1] = tails.ravel()
    return np.repeat(times, counts)
