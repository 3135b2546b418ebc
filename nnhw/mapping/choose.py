"""Chooses an engine: the tool's own answer to "how many rows, columns and lanes?"."""

from __future__ import annotations

from dataclasses import replace

from ..errors import MappingError
from ..ir import Graph, QConv, Reshape
from .compile import plan_graph
from .config import EngineConfig
from .cycles import predict_cycles

#: Multipliers of an engine for which nothing was asked.
DEFAULT_MACS = 128

#: Largest loss of speed for which less hardware is preferred.
_TOLERANCE = 0.01

#: Most requantizer lanes, and most lanes of operations on single channels, considered.
_MOST_LANES = 32
_MOST_CHANNEL_LANES = 128


def choose_engine(
    graph: Graph, *, rows: int | None = None, cols: int | None = None, macs: int | None = None
) -> EngineConfig:
    """The engine that runs an integer graph fastest, by the exact cycle model.

    Of configurations within 1% of the fastest, the one with the least hardware is taken.

    Parameters
    ----------
    rows, cols
        Shape of the array; both or none.
    macs
        Most multipliers, if no shape is given; 128 by default.

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
        shapes = _shapes(macs)
    candidates = [candidate for shape in shapes for candidate in _lane_candidates(graph, *shape)]
    _, config = _least_hardware(candidates)
    single = replace(config, frame_buffers=1)
    return _least_hardware([(_interval(graph, c), c) for c in (config, single)])[1]


def _shapes(macs: int) -> list[tuple[int, int]]:
    """Every shape of at most `macs` multipliers that no other one contains."""
    largest = {macs // cols: cols for cols in range(1, macs + 1) if macs // cols <= 1024}
    return [(rows, cols) for rows, cols in largest.items() if cols <= 1024]


def _interval(graph: Graph, config: EngineConfig) -> int:
    return predict_cycles(plan_graph(graph, config)).interval_cycles


def _lane_candidates(graph: Graph, rows: int, cols: int) -> list[tuple[int, EngineConfig]]:
    """(interval, configuration) for all sensible numbers of lanes."""
    candidates = []
    for groups in _lane_groups(graph, rows, cols):
        for lanes in _powers_of_two(min(_MOST_LANES, max(rows * groups, cols))):
            config = _configuration(rows, cols, lanes, groups)
            candidates.append((_interval(graph, config), config))
    return candidates


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


def _configuration(rows: int, cols: int, lanes: int, groups: int) -> EngineConfig:
    config = EngineConfig(
        rows=rows, cols=cols, lanes=lanes, lane_groups=groups, input_bytes=1, output_bytes=1
    )
    beat_bytes = min(8, config.banks)
    return replace(config, input_bytes=beat_bytes, output_bytes=beat_bytes)


def _least_hardware(candidates: list[tuple[int, EngineConfig]]) -> tuple[int, EngineConfig]:
    """The smallest configuration that is about as fast as the fastest one."""
    fastest = min(interval for interval, _ in candidates)
    good = [pair for pair in candidates if pair[0] <= fastest * (1 + _TOLERANCE)]
    return min(
        good,
        key=lambda pair: (
            pair[1].mac_units,
            pair[1].lanes,
            pair[1].banks,
            pair[1].lane_groups,
            pair[1].frame_buffers,
            pair[0],
        ),
    )
