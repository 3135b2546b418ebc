"""The engines there are for a network, of which as few as possible are planned to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

from ..families import pipeline_stages
from ..ir import Graph, QConv, Reshape
from ..machine import MOST_ROWS, EngineConfig
from .bounds import least_cycles
from .compile import plan_graph
from .cycles import CycleModel, predict_cycles
from .slicing import needed_slices

#: Most requantizer lanes, and most lanes of operations on single channels, considered.
_MOST_LANES = 32
_MOST_CHANNEL_LANES = 128

#: Look-up tables of a product, of a requantizer, and of a byte that both rotators move by a level:
#: by what the estimates of designs for an FPGA differ where only one of these does.
_PRODUCT = 70
_REQUANTIZER = 400
_ROTATED = 30

WIDEST_CHOSEN = 8
"""Most bytes a beat of a stream for which none were asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """A configuration and its timing.

    Parameters
    ----------
    graph
        What it runs.
    config
        The engine.
    least_interval, least_latency
        Lower bounds of its cycles.
    """

    graph: Graph
    config: EngineConfig
    least_interval: int
    least_latency: int

    @cached_property
    def cycles(self) -> CycleModel:
        """Its exact timing; takes some milliseconds."""
        return predict_cycles(plan_graph(self.graph, self.config))

    @property
    def hardware(self) -> tuple[int, ...]:
        """How much hardware it takes: logic, roughly, and what its parts are."""
        c = self.config
        return (rough_logic(c), c.mac_units, c.lanes, c.banks, c.lane_groups, c.frame_buffers)

    def may_be_fast_enough(
        self, *, interval: float | None = None, latency: float | None = None
    ) -> bool:
        """Whether its lower bounds leave that open; takes no time."""
        return (interval is None or self.least_interval <= interval) and (
            latency is None or self.least_latency <= latency
        )

    def is_fast_enough(
        self, *, interval: float | None = None, latency: float | None = None
    ) -> bool:
        """Whether it takes so many cycles at most; None: as many as it likes."""
        return (
            self.may_be_fast_enough(interval=interval, latency=latency)
            and (interval is None or self.cycles.interval_cycles <= interval)
            and (latency is None or self.cycles.latency_cycles <= latency)
        )


@dataclass(frozen=True)
class EngineSpace:
    """The engines there are for a graph, in one technology, for one target.

    Parameters
    ----------
    stream_bytes
        Bytes a beat of the input and output streams of all of them; None: as many as the memories
        take, up to `WIDEST_CHOSEN`.
    lanes, lane_groups
        Of all of them; None: all numbers that are worth a try.
    sliced
        Whether weights that are too wide for one column of `WHOLE_BITS` take two.
    """

    graph: Graph
    technology: str
    target: str = ""
    stream_bytes: tuple[int, int] | None = None
    lanes: int | None = None
    lane_groups: int | None = None
    sliced: bool = False
    _known: dict[EngineConfig, Candidate] = field(default_factory=dict, init=False, repr=False)

    def candidates(self, shapes: Iterable[tuple[int, int]]) -> list[Candidate]:
        """All sensible numbers of lanes for each shape; none for one with too few columns."""
        return self.timed(
            [
                self._config(rows, cols, lanes, groups)
                for rows, cols in shapes
                for groups in self._lane_groups(rows, cols)
                for lanes in self._lanes(rows, cols, groups)
            ]
        )

    def reshaped(self, config: EngineConfig, rows: int, cols: int) -> Candidate | None:
        """The engine of another shape, with no more lanes and lane groups than that one has; None
        if it has too few columns for the lane groups that all engines are to have."""
        possible = [n for n in self._lane_groups(rows, cols) if n <= config.lane_groups]
        if not possible:
            return None
        groups = max(possible)
        lanes = max(n for n in self._lanes(rows, cols, groups) if n <= config.lanes)
        return self.timed([self._config(rows, cols, lanes, groups)])[0]

    def timed(self, configs: Sequence[EngineConfig]) -> list[Candidate]:
        """The candidates of configurations; what is known of one of them stays known."""
        new = [config for config in configs if config not in self._known]
        if new:
            least = least_cycles(self.graph, new)
            bounds = zip(new, least.interval.tolist(), least.latency.tolist(), strict=True)
            for config, interval, latency in bounds:
                self._known[config] = Candidate(
                    graph=self.graph,
                    config=config,
                    least_interval=interval,
                    least_latency=latency,
                )
        return [self._known[config] for config in configs]

    def _config(self, rows: int, cols: int, lanes: int, groups: int) -> EngineConfig:
        """One engine; unless told, its streams are as wide as is of use."""
        config = EngineConfig(
            rows=rows,
            cols=cols,
            lanes=lanes,
            lane_groups=groups,
            input_bytes=1,
            output_bytes=1,
            technology=self.technology,
            target=self.target,
            column_slices=self._slices.get("column_slices", 1),
            lane_slices=self._slices.get("lane_slices", 1),
            **pipeline_stages(self.technology),
        )
        widest = min(WIDEST_CHOSEN, config.banks)
        received, sent = self.stream_bytes or (widest, widest)
        return replace(config, input_bytes=received, output_bytes=sent)

    @cached_property
    def _slices(self) -> dict[str, int]:
        """Columns of weights, by the name of the engine's parameter."""
        return needed_slices(self.graph) if self.sliced else {}

    def _lane_groups(self, rows: int, cols: int) -> list[int]:
        """Numbers of lane groups worth a try: just one if all that the array does is dense; none if
        there are too few columns."""
        if self._slices and cols == 1:
            return []
        most = cols // self._slices.get("lane_slices", 1)
        if self.lane_groups is not None:
            return [self.lane_groups] if self.lane_groups <= most else []
        dense = [
            isinstance(node, Reshape) or (isinstance(node, QConv) and node.groups == 1)
            for node in self.graph.nodes
        ]
        if all(dense):
            return [1]
        return _powers_of_two(max(1, min(most, _MOST_CHANNEL_LANES // rows)))

    def _lanes(self, rows: int, cols: int, groups: int) -> list[int]:
        """Numbers of requantizer lanes worth a try, up to what takes all results of a tile at
        once."""
        if self.lanes is not None:
            return [self.lanes]
        results = max(rows * groups, cols)
        return _powers_of_two(min(_MOST_LANES, 2 * results - 1))


def rough_logic(config: EngineConfig) -> int:
    """Look-up tables of an engine, roughly: of its products, of its requantizers, and of the two
    rotators of its banks, which grow fastest."""
    levels = config.banks.bit_length() - 1
    rotators = _ROTATED * config.banks * levels
    return _PRODUCT * config.mac_units + _REQUANTIZER * config.lanes + rotators


def array_shapes(macs: int) -> list[tuple[int, int]]:
    """Every shape of at most `macs` multipliers that no other one contains."""
    largest = {macs // cols: cols for cols in range(1, macs + 1) if macs // cols <= MOST_ROWS}
    return [(rows, cols) for rows, cols in largest.items() if cols <= MOST_ROWS]


def fewest_cycles(
    candidates: Iterable[Candidate],
    *,
    least: Callable[[Candidate], int],
    cycles: Callable[[Candidate], int],
) -> int:
    """The fewest `cycles` of all candidates, of which a lower bound is `least`.

    Branch and bound (Land and Doig, "An Automatic Method of Solving Discrete Programming Problems",
    1960): once one is known that no bound of the others is below, these need not be looked at.
    """
    fewest: int | None = None
    for candidate in sorted(candidates, key=least):
        if fewest is not None and least(candidate) >= fewest:
            break
        fewest = cycles(candidate) if fewest is None else min(fewest, cycles(candidate))
    assert fewest is not None
    return fewest


def least_hardware(
    candidates: Iterable[Candidate], is_good: Callable[[Candidate], bool]
) -> Candidate | None:
    """Of the good ones with the least hardware, the one with the shortest interval; None if there
    is none. Those with more hardware are not looked at."""
    ordered = sorted(candidates, key=lambda candidate: candidate.hardware)
    for _, alike in groupby(ordered, lambda candidate: candidate.hardware):
        if good := [candidate for candidate in alike if is_good(candidate)]:
            return min(good, key=lambda candidate: candidate.cycles.interval_cycles)
    return None


def _powers_of_two(most: int) -> list[int]:
    return [1 << bit for bit in range(most.bit_length())]
