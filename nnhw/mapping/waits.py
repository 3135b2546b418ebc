"""Which layers have to wait for the ones before them, and how long."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..isa import Operation
from .fusion import written_steps
from .memory_plan import MemoryPlan
from .parts import Part
from .program import Layer, Plan


class Wait(enum.Enum):
    """What a layer waits for before it fetches."""

    #: Nothing: all that it reads was complete before.
    NONE = enum.auto()
    #: Until all results on their way are in memory.
    FENCE = enum.auto()
    #: For each fetch until the layer before has written what it reads.
    CHASE = enum.auto()


@dataclass
class _Writer:
    """A layer whose last results may be on their way.

    Parameters
    ----------
    part, layer
        What it writes, and how.
    cycles
        Least number of cycles from its last fetch to the next layer's first one.
    """

    part: Part
    layer: Layer
    cycles: int = 1


def plan_waits(parts: Sequence[Part], plan: Plan, memory: MemoryPlan) -> list[Wait]:
    """What each layer waits for.

    A layer needs to wait if its first fetches read what may not be in memory yet, or if it is
    faster than what is on its way, since lanes must not overtake dot products. One that reads a
    vector from its beginning to its end can chase the layer that writes it. Residuals are read in
    the order of writing, a word a step: they are there in time unless too few steps lie between.

    Parameters
    ----------
    plan
        Of the parts, complete but for what the layers wait for.
    """
    waits: list[Wait] = []
    in_flight: list[_Writer] = []
    before = plan.layers[-1]  # of the frame before
    for index, (part, layer) in enumerate(zip(parts, plan.layers, strict=True)):
        reads = {memory.roots[name] for name in part.inputs}
        sources = [writer for writer in in_flight if writer.part.output in reads]
        wait = Wait.NONE
        if _overtakes(layer, before, plan):
            wait = Wait.FENCE
        elif any(_is_late(writer, layer, plan, memory) for writer in sources):
            previous = parts[index - 1]
            follows = reads == {previous.output}
            chases = follows and reads_in_order(part) and writes_in_order(previous)
            wait = Wait.CHASE if chases else Wait.FENCE
        elif _is_residual_late(part, in_flight, plan):
            wait = Wait.FENCE
        if wait is not Wait.NONE:
            in_flight.clear()
        for writer in in_flight:
            writer.cycles += layer.fetch.fetches
        in_flight.append(_Writer(part, layer))
        before = layer
        waits.append(wait)
    return waits


def _overtakes(layer: Layer, before: Layer, plan: Plan) -> bool:
    """Whether the first tile of a layer may be there before the last one of the layer before it
    has left the array."""
    lead = plan.drain_latency(before) - plan.drain_latency(layer)
    fetch = layer.fetch
    cycles = fetch.tile_fetches * (fetch.warmup + 1)
    return lead > 0 and cycles < lead + before.fetch.drain_cycles_last + 1


def _is_late(writer: _Writer, reader: Layer, plan: Plan, memory: MemoryPlan) -> bool:
    """Whether a fetch may come too early for a result that it reads.

    Fetches and drain steps both take at least a cycle each, so that what a fetch may be too early
    for follows from their numbers: that of the fetch, and that of the step counted from the end.
    """
    most = _settling(writer.layer, plan) - writer.cycles
    if most <= 0:
        return False
    if writer.part.is_scattered:
        return True
    steps = written_steps(writer.part, plan.config)[-most:]
    written = memory.address(writer.part.output) + steps[:, 0]
    written_ends = written + steps[:, 1]
    read, read_ends = _first_reads(reader, plan, most)
    fetch, from_end = np.arange(len(read)), np.arange(len(steps))[::-1]
    early = fetch[:, None] + from_end < most
    meet = (read[:, None] < written_ends) & (written < read_ends[:, None])
    return bool((early & meet).any())


def _settling(layer: Layer, plan: Plan) -> int:
    """Cycles from a layer's last fetch to the first one that can read its last result."""
    return plan.drain_latency(layer) + plan.memory_delay + layer.fetch.drain_cycles_last


def _first_reads(layer: Layer, plan: Plan, most: int) -> tuple[np.ndarray, np.ndarray]:
    """First address and end of the bytes that each of a layer's first fetches reads."""
    fetch, config = layer.fetch, plan.config
    trips = fetch.trips
    numbers = np.arange(min(most, fetch.fetches))
    out_row, out_col, tile, roll, tap_y, tap_x, chunk = np.unravel_index(numbers, trips)
    row = fetch.source + out_row * fetch.out_row_pitch
    row = (row + roll * fetch.roll_pitch + tap_y * fetch.tap_y_pitch) % (1 << plan.address_bits)
    y = fetch.y_start + out_row * fetch.out_row_y + roll * fetch.roll_y + tap_y * fetch.tap_y_y
    x = fetch.x_start + out_col * fetch.out_col_x + tile * fetch.tile_x + tap_x * fetch.tap_x_x
    x = x + chunk * config.rows
    width = config.rows if layer.is_dense else config.fetch_width
    inside = (y >= 0) & (y < fetch.height)
    first = np.clip(x, 0, fetch.row_length)
    end = np.where(inside, np.clip(x + width, 0, fetch.row_length), first)
    return row + first, row + end


def _is_residual_late(part: Part, in_flight: Sequence[_Writer], plan: Plan) -> bool:
    """Whether too few steps lie between a residual and the layer that adds it."""
    outputs = [writer.part.output for writer in in_flight]
    if part.residual not in outputs:
        return False
    between = in_flight[outputs.index(part.residual) :]
    steps = sum(writer.layer.drain.total_steps for writer in between)
    return steps < plan.config.residual_turnaround


def reads_in_order(part: Part) -> bool:
    """Whether each tile reads its tensor from the first byte to the last in one run."""
    geometry = part.geometry
    return (
        part.geometry.operation is Operation.DOT
        and geometry.flat
        and geometry.pixels == 1
        and geometry.taps_y == geometry.taps_x == 1
    )


def writes_in_order(part: Part) -> bool:
    """Whether results are written from the first byte of the tensor to the last."""
    return not part.is_scattered and part.writes_in_rows
