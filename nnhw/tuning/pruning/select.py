"""Chooses the channels that are removed, in steps that save what is to be saved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ...errors import MappingError, QuantizationError
from ...ir import Graph
from ...machine import EngineConfig
from ...mapping import map_graph, plan_graph, predict_cycles
from ...trim import ChannelGroup
from .channels import Family, Kept, prune_integers, without
from .goal import Costs, Goal, costs_of

Counts = tuple[int, ...]
"""By family."""

_NEAR = 8
"""So many channels of a family, at most, are removed one by one."""

_MULTIPLES = (8, 16, 32)
"""What the number of those that are left may be a multiple of else, beside rows and columns."""


def select_channels(
    graph: Graph,
    families: Sequence[Family],
    importance: Mapping[ChannelGroup, float],
    engine: EngineConfig,
    goal: Goal,
) -> Kept:
    """The channels that are left when a goal is reached.

    Greedy: of all numbers of channels that each family could be left with, the one is taken next
    that costs the least importance for what it brings nearer to the goal, by the exact cycle model
    of the whole network on an array. What the goal leaves room for in the end comes back, the most
    important first.

    Parameters
    ----------
    graph
        Integer graph.
    engine
        The array.

    Raises
    ------
    QuantizationError
        If the goal is beyond reach.
    """
    ranked = [sorted(family, key=lambda group: importance[group]) for family in families]
    choice = _Choice(graph, ranked, importance, engine, goal)
    return without(graph, choice.removed_groups(choice.give_back(choice.reach())))


def check_reach(graph: Graph, families: Sequence[Family], engine: EngineConfig, goal: Goal) -> None:
    """Refuse a goal that is beyond reach.

    Raises
    ------
    QuantizationError
        It tells how far pruning can go.
    """
    _Choice(graph, families, {}, engine, goal).check_reach()


class _Choice:
    """Numbers of groups that are removed of each family, the least important first."""

    def __init__(
        self,
        graph: Graph,
        ranked: Sequence[Sequence[ChannelGroup]],
        importance: Mapping[ChannelGroup, float],
        engine: EngineConfig,
        goal: Goal,
    ):
        self._graph, self._ranked, self._importance = graph, ranked, importance
        self._engine, self._goal = engine, goal
        self._known: dict[Counts, Costs | None] = {}

    def check_reach(self) -> None:
        """Refuse a goal that is not even reached with one group of each family."""
        all_but_one = tuple(len(groups) - 1 for groups in self._ranked)
        if self._excess(all_but_one) > 0:
            raise QuantizationError(_beyond_reach(self._goal, self._known[all_but_one]))

    def reach(self) -> Counts:
        """Numbers with which the goal is reached."""
        self.check_reach()
        removed = (0,) * len(self._ranked)
        while (excess := self._excess(removed)) > 0:
            steps = []
            for index, then in self._next(removed):
                first, last = removed[index], then[index]
                lost = sum(self._importance[group] for group in self._ranked[index][first:last])
                saved = excess - self._excess(then)
                # what saves nothing by itself may do so with others
                steps.append((lost / saved if saved > 0 else math.inf, lost, then))
            *_, removed = min(steps)
        return removed

    def give_back(self, removed: Counts) -> Counts:
        """Numbers that are as small as the goal allows."""
        while True:
            possible = []
            for index, count in enumerate(removed):
                then = (*removed[:index], count - 1, *removed[index + 1 :])
                if count and not self._excess(then):
                    possible.append((self._importance[self._ranked[index][count - 1]], then))
            if not possible:
                return removed
            _, removed = max(possible)

    def removed_groups(self, removed: Counts) -> list[ChannelGroup]:
        """Which groups numbers stand for."""
        pairs = zip(self._ranked, removed, strict=True)
        return [group for groups, count in pairs for group in groups[:count]]

    def _next(self, removed: Counts) -> Iterator[tuple[int, Counts]]:
        """Larger numbers for one family each."""
        for index, groups in enumerate(self._ranked):
            others = len(groups) - removed[index] - 1
            multiples = (*_MULTIPLES, self._engine.rows, self._engine.cols)
            lefts = {others // each * each for each in multiples}
            lefts.update(range(max(1, others - _NEAR + 1), others + 1))
            for left in sorted(lefts - {0}):
                yield index, (*removed[:index], len(groups) - left, *removed[index + 1 :])

    def _excess(self, removed: Counts) -> float:
        if removed not in self._known:
            self._known[removed] = self._costs(removed)
        costs = self._known[removed]
        return math.inf if costs is None else self._goal.excess(costs)

    def _costs(self, removed: Counts) -> Costs | None:
        """None where nothing can run what is left."""
        graph = prune_integers(self._graph, without(self._graph, self.removed_groups(removed)))
        try:
            if self._goal.memory_bits is None:  # a plan takes a third of the time
                cycles = predict_cycles(plan_graph(graph, self._engine))
                return Costs(
                    interval_cycles=cycles.interval_cycles,
                    latency_cycles=cycles.latency_cycles,
                    memory_bits=0,
                )
            program = map_graph(graph, self._engine)
        except MappingError:
            return None
        return costs_of(program, predict_cycles(program))


def _beyond_reach(goal: Goal, least: Costs | None) -> str:
    found = "nothing can run it"
    if least is not None:
        figures = {name: getattr(least, name) for name, most in vars(goal).items() if most}
        found = f"it takes {Goal(**figures)}"
    return (
        f"Pruning cannot reach {goal}: with one channel left of each layer that can be pruned, "
        f"{found}; ask for more (prune_to, prune_cycles, prune_memory_bits), or for a larger array"
    )
