"""How far a network is to be pruned, in figures of its design."""

from __future__ import annotations

from dataclasses import dataclass

from ...mapping import CycleModel, Program
from ...options import TuneOptions


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a network takes of hardware.

    Parameters
    ----------
    interval_cycles, latency_cycles
        Clock cycles from frame to frame, and of one frame; by the exact cycle model.
    memory_bits
        Bits of all memories together.
    """

    interval_cycles: int
    latency_cycles: int
    memory_bits: int


def costs_of(program: Program, cycles: CycleModel) -> Costs:
    """The costs of a program."""
    return Costs(
        interval_cycles=cycles.interval_cycles,
        latency_cycles=cycles.latency_cycles,
        memory_bits=sum(program.machine.memory_bits().values()),
    )


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Most that a network may take; None: any amount."""

    interval_cycles: float | None = None
    memory_bits: float | None = None

    def excess(self, costs: Costs) -> float:
        """By what share of the goal some costs are beyond it; all of them summed up."""
        pairs = (
            (costs.interval_cycles, self.interval_cycles),
            (costs.memory_bits, self.memory_bits),
        )
        return sum(max(0.0, value / most - 1) for value, most in pairs if most is not None)

    def on_the_way(self, start: Costs, share: float) -> Goal:
        """A goal that is by this share as far from some costs, in equal factors."""

        def between(value: int, most: float | None) -> float | None:
            return most and max(most, value * (most / value) ** share)

        return Goal(
            interval_cycles=between(start.interval_cycles, self.interval_cycles),
            memory_bits=between(start.memory_bits, self.memory_bits),
        )

    def times(self, factor: float) -> Goal:
        """So many times as much."""
        return Goal(
            interval_cycles=self.interval_cycles and self.interval_cycles * factor,
            memory_bits=self.memory_bits and self.memory_bits * factor,
        )

    def __str__(self) -> str:
        texts = []
        if self.interval_cycles is not None:
            texts.append(f"{self.interval_cycles:,.0f} clock cycles a frame")
        if self.memory_bits is not None:
            texts.append(f"{self.memory_bits:,.0f} bits of memory")
        return " and ".join(texts)


def goal_of(options: TuneOptions, start: Costs) -> Goal:
    """What the options ask for, of a network that takes some costs unpruned."""
    cycles: float | None = options.prune_cycles
    if options.prune_to is not None:
        cycles = options.prune_to * start.interval_cycles
    return Goal(interval_cycles=cycles, memory_bits=options.prune_memory_bits)
