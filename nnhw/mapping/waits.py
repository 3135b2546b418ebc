"""Which layers have to wait for the ones before them, and how long."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from ..isa import Operation
from .config import EngineConfig
from .lower import step_count
from .memory_plan import MemoryPlan
from .parts import Part


class Wait(enum.Enum):
    """What a layer waits for before it fetches."""

    #: Nothing: all that it reads was complete before.
    NONE = enum.auto()
    #: Until all results on their way are in memory.
    FENCE = enum.auto()
    #: For each fetch until the layer before has written what it reads.
    CHASE = enum.auto()


def plan_waits(parts: Sequence[Part], plan: MemoryPlan, config: EngineConfig) -> list[Wait]:
    """What each layer waits for.

    A layer needs to wait if it reads what may not be in memory yet, or if it is faster than what is
    on its way, since lanes must not overtake dot products. One that reads a vector from its
    beginning to its end can chase the layer that writes it. Residuals are read in the order of
    writing, a word a step: they are there in time unless too few steps lie between.
    """
    waits: list[Wait] = []
    in_flight: dict[str, int] = {}  # steps from a tensor's first one on
    dense_before = _is_dense(parts[-1])  # of the frame before
    for index, part in enumerate(parts):
        reads = {plan.roots[name] for name in part.inputs}
        wait = Wait.NONE
        if dense_before and not _is_dense(part):
            wait = Wait.FENCE
        elif reads & in_flight.keys():
            writer = parts[index - 1]
            follows = reads == {writer.output}
            chases = follows and reads_in_order(part) and writes_in_order(writer)
            wait = Wait.CHASE if chases else Wait.FENCE
        elif part.residual is not None:
            late = in_flight.get(part.residual, config.residual_turnaround)
            wait = Wait.FENCE if late < config.residual_turnaround else Wait.NONE
        if wait is not Wait.NONE:
            in_flight.clear()
        in_flight.setdefault(part.output, 0)
        steps = step_count(part.geometry, config)
        in_flight = {tensor: count + steps for tensor, count in in_flight.items()}
        dense_before = _is_dense(part)
        waits.append(wait)
    return waits


def reads_in_order(part: Part) -> bool:
    """Whether each tile reads its tensor from the first byte to the last in one run."""
    geometry = part.geometry
    return (
        _is_dense(part)
        and geometry.flat
        and geometry.pixels == 1
        and geometry.taps_y == geometry.taps_x == 1
    )


def writes_in_order(part: Part) -> bool:
    """Whether results are written from the first byte of the tensor to the last."""
    return not part.is_scattered and part.writes_in_rows


def _is_dense(part: Part) -> bool:
    return part.geometry.operation is Operation.DOT
