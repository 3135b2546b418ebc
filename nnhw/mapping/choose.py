"""Chooses an engine: the tool's own answer to "how many rows, columns and lanes?"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import MappingError
from ..families import pipeline_stages
from ..ir import Graph, QConv, Reshape
from ..machine import MOST_MACS, MOST_ROWS, EngineConfig
from .compile import plan_graph
from .cycles import CycleModel, predict_cycles
from .shrink import shrink_shape

#: Multipliers of an engine for which nothing was asked.
DEFAULT_MACS = 128

#: Largest loss of speed for which less hardware is preferred.
_TOLERANCE = 0.02

#: Most requantizer lanes, and most lanes of operations on single channels, considered.
_MOST_LANES = 32
_MOST_CHANNEL_LANES = 128


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A configuration and its exact timing."""

    config: EngineConfig
    cycles: CycleModel

    @property
    def hardware(self) -> tuple[int, ...]:
        """How much hardware it takes: multipliers first, then what costs less and less."""
        c = self.config
        return (c.mac_units, c.lanes, c.banks, c.lane_groups, c.frame_buffers)


@dataclass(frozen=True)
class _Space:
    """The engines there are for a graph, in one technology."""

    graph: Graph
    technology: str

    def candidate(self, rows: int, cols: int, lanes: int, groups: int) -> Candidate:
        """One engine, timed; its streams are as wide as is of use."""
        config = EngineConfig(
            rows=rows,
            cols=cols,
            lanes=lanes,
            lane_groups=groups,
            input_bytes=1,
            output_bytes=1,
            technology=self.technology,
            **pipeline_stages(self.technology),
        )
        beat_bytes = min(8, config.banks)
        config = replace(config, input_bytes=beat_bytes, output_bytes=beat_bytes)
        return Candidate(config=config, cycles=predict_cycles(plan_graph(self.graph, config)))

    def candidates(self, shapes: list[tuple[int, int]]) -> list[Candidate]:
        """All sensible numbers of lanes for each shape."""
        return [
            self.candidate(rows, cols, lanes, groups)
            for rows, cols in shapes
            for groups in _lane_groups(self.graph, rows, cols)
            for lanes in _lanes(rows, cols, groups)
        ]


def choose_engine(
    graph: Graph,
    *,
    rows: int | None = None,
    cols: int | None = None,
    macs: int | None = None,
    technology: str = "portable",
) -> EngineConfig:
    """The engine that runs an integer graph fastest, by the exact cycle model.

    Of configurations within 2% of the fastest, the one with the least hardware is taken. Unless
    its shape is given, rows and columns that are of no use beyond that 2% are left out of it.

    Parameters
    ----------
    rows, cols
        Shape of the array; both or none.
    macs
        Most multipliers, if no shape is given; 128 by default.
    technology
        Of the engine, one of `TECHNOLOGIES`; its multipliers get the registers that suit them.

    Raises
    ------
    MappingError
        If the options contradict each other or nothing can run the graph.
    """
    if (rows is None) != (cols is None):
        raise MappingError("'rows' and 'cols' must be given together, or neither")
    if rows is not None and macs is not None:
        raise MappingError("'macs' must not be given together with 'rows' and 'cols'")
    if rows is not None and cols is not None:
        shapes = [(rows, cols)]
    else:
        macs = DEFAULT_MACS if macs is None else macs
        if macs < 1:
            raise MappingError(f"'macs' must be at least 1, not {macs}")
        if macs > MOST_MACS:
            raise MappingError(f"'macs' must be at most {MOST_MACS}, not {macs}")
        shapes = _shapes(macs)
    space = _Space(graph, technology)
    candidates = space.candidates(shapes)
    fastest = min(candidate.cycles.interval_cycles for candidate in candidates)
    limit = fastest * (1 + _TOLERANCE)
    config = _least_hardware(candidates, limit)
    if rows is None:
        config = _shrunk(space, config, limit)
    return _without_second_frame(graph, config, limit)


def smallest_engine(
    graph: Graph,
    *,
    interval_cycles: float | None = None,
    latency_cycles: float | None = None,
    technology: str = "portable",
) -> EngineConfig:
    """The engine with the fewest multipliers that is fast enough, by the exact cycle model.

    Parameters
    ----------
    interval_cycles, latency_cycles
        Most cycles from frame to frame, and from a frame's first input beat to its last output
        beat. At least one of them.
    technology
        As for `choose_engine`.

    Raises
    ------
    MappingError
        If no engine of at most `MOST_MACS` multipliers is fast enough, or neither limit is given.
    """
    if interval_cycles is None and latency_cycles is None:
        raise MappingError("'interval_cycles' or 'latency_cycles' must be given")

    space = _Space(graph, technology)

    def fast_enough(candidate: Candidate) -> bool:
        cycles = candidate.cycles
        return (interval_cycles is None or cycles.interval_cycles <= interval_cycles) and (
            latency_cycles is None or cycles.latency_cycles <= latency_cycles
        )

    def search(macs: int) -> list[Candidate]:
        return [c for c in space.candidates(_shapes(macs)) if fast_enough(c)]

    # the more multipliers, the more shapes: what is possible with some is possible with more
    few, many = 0, 1
    while not (good := search(many)):
        if many >= MOST_MACS:
            raise MappingError(_too_slow(space, interval_cycles, latency_cycles))
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        if found := search(middle):
            many, good = middle, found
        else:
            few = middle
    config = min(good, key=lambda candidate: candidate.hardware).config
    single = replace(config, frame_buffers=1)
    timed = Candidate(config=single, cycles=predict_cycles(plan_graph(graph, single)))
    return single if fast_enough(timed) else config


def _too_slow(space: _Space, interval: float | None, latency: float | None) -> str:
    candidates = space.candidates(_shapes(MOST_MACS))
    best_interval = min(c.cycles.interval_cycles for c in candidates)
    best_latency = min(c.cycles.latency_cycles for c in candidates)
    asked = []
    if interval is not None:
        asked.append(f"a frame every {_cycles(interval)} cycles (best: {best_interval})")
    if latency is not None:
        asked.append(f"a latency of {_cycles(latency)} cycles (best: {best_latency})")
    return (
        f"No engine of at most {MOST_MACS} multipliers reaches {' and '.join(asked)}; "
        "ask for less or raise the clock frequency"
    )


def _cycles(asked: float) -> str:
    """A number of cycles for a message; less than one must not be none."""
    return f"{asked:.0f}" if asked >= 1 else f"{asked:.2g}"


def _shapes(macs: int) -> list[tuple[int, int]]:
    """Every shape of at most `macs` multipliers that no other one contains."""
    largest = {macs // cols: cols for cols in range(1, macs + 1) if macs // cols <= MOST_ROWS}
    return [(rows, cols) for rows, cols in largest.items() if cols <= MOST_ROWS]


def _least_hardware(candidates: list[Candidate], limit: float) -> EngineConfig:
    """Of those within `limit` cycles, of which there is one at least."""
    good = [c for c in candidates if c.cycles.interval_cycles <= limit]
    return min(good, key=lambda c: (c.hardware, c.cycles.interval_cycles)).config


def _shrunk(space: _Space, config: EngineConfig, limit: float) -> EngineConfig:
    """The configuration in a smaller shape, if there is one within `limit` cycles."""

    def fits(rows: int, cols: int) -> bool:
        groups = max(n for n in _lane_groups(space.graph, rows, cols) if n <= config.lane_groups)
        lanes = max(n for n in _lanes(rows, cols, groups) if n <= config.lanes)
        return space.candidate(rows, cols, lanes, groups).cycles.interval_cycles <= limit

    shape = shrink_shape(config.rows, config.cols, fits)
    # a smaller shape may need other lanes
    return _least_hardware(space.candidates([shape]), limit)


def _without_second_frame(graph: Graph, config: EngineConfig, limit: float) -> EngineConfig:
    """The configuration with one frame buffer if that is within `limit` cycles, too."""
    single = replace(config, frame_buffers=1)
    interval = predict_cycles(plan_graph(graph, single)).interval_cycles
    return single if interval <= limit else config


def _lanes(rows: int, cols: int, groups: int) -> list[int]:
    """Numbers of requantizer lanes worth a try, up to what takes all results of a tile at once."""
    results = max(rows * groups, cols)
    return _powers_of_two(min(_MOST_LANES, 2 * results - 1))


def _powers_of_two(most: int) -> list[int]:
    return [1 << bit for bit in range(most.bit_length())]


def _lane_groups(graph: Graph, rows: int, cols: int) -> list[int]:
    """Numbers of lane groups worth a try: just one if all that the array does is dense."""
    dense = [
        isinstance(node, Reshape) or (isinstance(node, QConv) and node.groups == 1)
        for node in graph.nodes
    ]
    if all(dense):
        return [1]
    return _powers_of_two(max(1, min(cols, _MOST_CHANNEL_LANES // rows)))
