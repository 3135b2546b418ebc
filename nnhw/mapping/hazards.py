"""Whether a layer could read what is not in memory yet, found before anything runs.

Fetches are issued one a cycle at most, and what has been issued never stops: results are in memory
a fixed number of cycles after the last fetch of their tile. So if a fetch is late enough with no
wait at all, it is late enough always.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..isa import bytes_read
from .program import Layer, Plan


def reads_in_time(plan: Plan, reader: int, writer: int, between: int) -> bool:
    """Whether a layer finds in memory all that it reads of another's results, without waiting.

    Parameters
    ----------
    reader, writer
        Numbers of the layers; the writer runs first.
    between
        Fetches of the layers that run between them.
    """
    layer = plan.layers[writer]
    if not layer.write_back.to_memory:
        return True
    latency = cycles_to_memory(plan, layer)
    # the first fetch is issued so many cycles after the writer's last one, or later
    first = 1 + between
    late = list(_last_tiles(layer, plan.config.lanes, latency - first))
    if not late:
        return True
    distance, start, size = np.array(late).T
    fetch = plan.layers[reader].fetch
    begin, end = bytes_read(
        fetch, latency - first, width=plan.config.fetch_width, space=plan.memory.addresses.size
    )
    # each of the reader's first fetches against each of the writer's last tiles
    overlaps = (begin[:, None] < start + size) & (start < end[:, None])
    too_early = first + np.arange(len(begin))[:, None] < latency - distance
    return not (overlaps & too_early).any()


def stays_behind(plan: Plan, index: int) -> bool:
    """Whether the first results of a layer reach the drain after the last ones of the layer before.

    Sums of lanes are finished sooner than dot products, which go through an adder tree.
    """
    layer, before = plan.layers[index], plan.layers[index - 1]
    ahead, behind = (plan.timing.array_latency(dense=one.is_dense) for one in (before, layer))
    drain_cycles = before.fetch.drain_cycles_last + 1
    # a tile ends with its last fetch, which waits until the drain would take it at equal latency
    distance = max(drain_cycles, (layer.fetch.warmup + 1) * layer.fetch.fetches_per_roll)
    return distance + behind >= ahead + drain_cycles


def cycles_to_memory(plan: Plan, layer: Layer) -> int:
    """Cycles from the last fetch of any tile to the first one that can read all of its results."""
    drain_cycles = max(layer.fetch.drain_cycles, layer.fetch.drain_cycles_last)
    return (
        plan.timing.result_latency(dense=layer.is_dense) + drain_cycles + plan.timing.memory_delay
    )


def _last_tiles(layer: Layer, lanes: int, cycles: int) -> Iterator[tuple[int, int, int]]:
    """Tiles of a layer that are finished in less than `cycles` cycles before its last fetch.

    Yields that distance, address and size of each, from the last tile on; the distance is the least
    that there can be.
    """
    fetch, drain, write_back = layer.fetch, layer.drain, layer.write_back
    size = drain.steps * lanes + drain.count
    size_last = drain.steps_last * lanes + drain.count_last
    distance = 0
    for pixel in reversed(range(drain.pixels + 1)):
        rows = pixel // (drain.row_pixels + 1)
        start = write_back.destination + pixel * (drain.tiles * size + size_last)
        start += (pixel - rows) * write_back.pixel_gap + rows * write_back.row_gap
        for tile in reversed(range(drain.tiles + 1)):
            for roll in reversed(range(drain.rolls + 1)):
                if distance >= cycles:
                    return
                address = start + tile * size + roll * write_back.roll_pitch
                yield distance, address, size if tile < drain.tiles else size_last
                distance += fetch.fetches_per_roll
            # overlapping strips: the first roll already finishes the strip before
            distance += (fetch.warmup - fetch.overlaps) * fetch.fetches_per_roll
