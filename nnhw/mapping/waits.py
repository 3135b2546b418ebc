"""Which layers have to wait for the ones before them, and how long."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace

from ..machine import residual_turnaround
from .hazards import cycles_to_memory, reads_in_time, stays_behind
from .program import Plan


class Wait(enum.Enum):
    """What a layer waits for before it fetches."""

    #: Nothing: all that it reads is there in time.
    NONE = enum.auto()
    #: Until all results on their way are in memory.
    FENCE = enum.auto()
    #: For each fetch until the layer before has written what it reads.
    CHASE = enum.auto()


def with_waits(plan: Plan) -> Plan:
    """A plan whose layers wait where they must, from one in which none does.

    A layer needs to wait if it could read what is not in memory yet, or if its results would
    overtake those on their way. One that reads a vector from its beginning to its end can chase the
    layer that writes it. Residuals are read in the order of writing, a word a step: they are there
    in time unless too few steps lie between.
    """
    longest = max(cycles_to_memory(plan, layer) for layer in plan.layers)
    waits: list[Wait] = []
    for index, reader in enumerate(plan.layers):
        wait = Wait.NONE
        if not stays_behind(plan, index):
            wait = Wait.FENCE
        elif not _finds_all(plan, waits, longest):
            writer = plan.layers[index - 1]
            follows = set(reader.inputs) == {writer.tensor}
            in_order = reader.reads_in_order and writer.is_whole and writer.writes_in_rows
            can_chase = follows and in_order and _has_chase(plan, index - 1)
            wait = Wait.CHASE if can_chase else Wait.FENCE
        elif not _finds_residual(plan, waits):
            wait = Wait.FENCE
        waits.append(wait)
    layers = (
        replace(
            layer,
            fetch=replace(
                layer.fetch, fence=int(wait is Wait.FENCE), chase=int(wait is Wait.CHASE)
            ),
        )
        for layer, wait in zip(plan.layers, waits, strict=True)
    )
    return replace(plan, layers=tuple(layers))


def _has_chase(plan: Plan, writer: int) -> bool:
    """Whether the machine, if it is given, is able to chase a layer."""
    if plan.given_machine is None:
        return True
    limits = plan.given_machine.limits
    size = plan.layers[writer].drain.results(plan.config.lanes)
    return limits.asks("fetch", "chase") and size <= limits.chased_bytes


def _finds_all(plan: Plan, waits: Sequence[Wait], longest: int) -> bool:
    """Whether the layer after those whose `waits` are known need not wait for what it reads.

    `longest`: most cycles from any fetch until its results are in memory.
    """
    reader = len(waits)
    between = 0
    for writer in reversed(range(reader)):
        if not reads_in_time(plan, reader, writer, between):
            return False
        between += plan.layers[writer].fetch.fetches
        # all before it is complete, or was issued too long ago to matter
        if waits[writer] is not Wait.NONE or between >= longest:
            break
    return True


def _finds_residual(plan: Plan, waits: Sequence[Wait]) -> bool:
    """Likewise, for what the layer adds when it writes its results."""
    addend = plan.layers[len(waits)].addend
    if addend is None:
        return True
    steps = 0
    turnaround = residual_turnaround(stages=plan.config.scale_stages)
    for writer in reversed(range(len(waits))):
        steps += plan.layers[writer].drain.total_steps
        if steps >= turnaround:
            break
        if plan.layers[writer].tensor == addend:
            return False
        if waits[writer] is not Wait.NONE:
            break
    return True
