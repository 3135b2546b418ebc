"""Channels are removed gradually: in rounds, each of which is followed by training."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import count
from typing import Any

import numpy as np
import torch

from ...conversion import leave_out_channels
from ...errors import QuantizationError
from ...golden import quantize_inputs
from ...ir import Graph, QConv
from ...options import TuneOptions
from ...placement import Placement, place
from ...quantize import run_float
from ...trim import ChannelGroup
from ..begin import begin
from ..checkpoint import Progress
from ..network import Network
from ..objective import Objective
from ..splits import Splits
from .channels import Family, channel_families, prune_floats
from .goal import Costs, Goal, costs_of, goal_of
from .importance import by_magnitude, by_taylor
from .select import check_reach, select_channels

_STRICTER = 0.98
"""Share of a goal that is aimed at where it was missed by the array of what is left."""

_ASKED, _AT_ONCE = 1024, 16
"""Training samples that channels are judged with, and how many share a backward pass."""


class Pruning:
    """Removes channels until a design keeps to the goal of the options.

    After round r of R the network is by r / R on its way there, in equal factors.

    Parameters
    ----------
    objective, splits, options
        Those of the run.
    """

    def __init__(self, objective: Objective, splits: Splits, options: TuneOptions):
        self._objective, self._splits, self._options = objective, splits, options

    def costs(self, graph: Graph) -> Costs:
        """What an integer graph takes, as `nnhw build` places it by the same options."""
        return self._most(leave_out_channels(graph, self._options.of_build))

    def is_done(self, progress: Progress) -> bool:
        """Whether no round is left."""
        return len(progress.rounds) > self._options.prune_rounds

    def training_options(self, progress: Progress) -> TuneOptions:
        """Those of the training that follows."""
        if self.is_done(progress):
            return self._options
        return replace(self._options, epochs=self._options.prune_epochs, warmup=0, patience=None)

    def first(self, network: Network, figure: float) -> Progress:
        """The network with all channels.

        Raises
        ------
        QuantizationError
            If it has none that can be removed, or the goal is beyond reach.
        """
        graph = network.to_graph()
        start = self.costs(graph)
        goal = goal_of(self._options, start)
        check_reach(graph, self._families(graph), self._place(graph).engine, goal)
        return Progress(rounds=[_told(graph, start, figure)])

    def prune(self, network: Network, progress: Progress) -> tuple[Network, Progress]:
        """The next round: the network with fewer channels, and from where training goes on.

        Raises
        ------
        QuantizationError
            If the goal is beyond reach.
        """
        start = Costs(**{name: int(progress.rounds[0][name]) for name in _COSTS})
        whole = goal_of(self._options, start)
        goal = whole.on_the_way(start, len(progress.rounds) / self._options.prune_rounds)
        floats = network.to_float()
        if goal.excess(self._most(network.to_graph())) > 0:
            floats = self._without_some(network, goal)
        for attempt in count(1):
            # always anew, as a run begins that goes on from here
            network = begin(floats, self._splits.calibration, self._options)
            costs = self._most(network.to_graph())
            if not goal.excess(costs):
                break
            # the array is chosen for what is left, and may do worse than the one before
            floats = self._without_some(network, goal.times(_STRICTER**attempt))
        rounds = [*progress.rounds, _told(network.to_graph(), costs, np.nan)]
        return network, Progress(rounds=rounds, graph=floats)

    def _without_some(self, network: Network, goal: Goal) -> Graph:
        """The float graph without the channels that matter least on the way to a goal."""
        graph, floats = network.to_graph(), network.to_float()
        families = self._families(graph)
        importance = self._importance(network, [group for family in families for group in family])
        kept = select_channels(graph, families, importance, self._place(graph).engine, goal)
        found = run_float(floats, self._splits.calibration.x[:], keep=floats.tensors)
        axes = (0, 1, 2)
        means = {name: x.mean(axis=axes, dtype=np.float64) for name, x in found.items()}
        return prune_floats(floats, kept, means)

    def _importance(
        self, network: Network, groups: list[ChannelGroup]
    ) -> dict[ChannelGroup, float]:
        if self._options.prune_by == "magnitude":
            return by_magnitude(network.to_float(), groups)
        seed, graph, data = self._options.seed, network.to_graph(), self._splits.train
        order = np.random.default_rng(seed).permutation(len(data))[:_ASKED]
        torch.manual_seed(seed)
        starts = range(0, len(order), _AT_ONCE)
        batches = (
            quantize_inputs(graph, data.x[np.sort(order[start : start + _AT_ONCE])])
            for start in starts
        )
        return by_taylor(network, batches, self._objective, groups)

    def _families(self, graph: Graph) -> list[Family]:
        families = channel_families(graph)
        if not families:
            raise QuantizationError(
                "No channel can be pruned: all of them are tied to inputs or outputs of the "
                "network; leave out prune_to, prune_cycles and prune_memory_bits"
            )
        return families

    def _most(self, graph: Graph) -> Costs:
        """What an integer graph takes with all of its channels. Builds leave out those that no
        input changes, but training may bring these back to life."""
        placement = self._place(graph)
        return costs_of(placement.program, placement.cycles)

    def _place(self, graph: Graph) -> Placement:
        return place(graph, self._options.of_build, find_device=False)


_COSTS = ("interval_cycles", "latency_cycles", "memory_bits")


def _told(graph: Graph, costs: Costs, figure: float) -> dict[str, Any]:
    """What there is to say of a round, `pruned_figure` before training and `figure` after it."""
    weights = sum(node.weight.size for node in graph.nodes if isinstance(node, QConv))
    return {**asdict(costs), "weights": weights, "pruned_figure": figure, "figure": figure}
