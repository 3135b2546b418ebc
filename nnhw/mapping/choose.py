"""Chooses an engine: the tool's own answer to "how many rows, columns and lanes?"."""

from __future__ import annotations

from dataclasses import replace

from ..errors import MappingError
from ..ir import Graph
from ..machine import MOST_MACS, MOST_ROWS, EngineConfig
from .candidates import Candidate, EngineSpace, array_shapes, fewest_cycles, least_hardware
from .narrow import narrowest_streams
from .shrink import shrink_shape

#: Multipliers of an engine for which nothing was asked.
DEFAULT_MACS = 128

#: Largest loss of speed for which less hardware is preferred.
_TOLERANCE = 0.02


def choose_engine(
    graph: Graph,
    *,
    rows: int | None = None,
    cols: int | None = None,
    macs: int | None = None,
    technology: str = "portable",
    target: str = "",
    stream_bytes: tuple[int, int] | None = None,
    lanes: int | None = None,
    lane_groups: int | None = None,
    sliced: bool = False,
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
        Of the engine (see `EngineConfig`); its multipliers get the registers that suit them.
    target
        Of the engine, likewise.
    stream_bytes
        Bytes a beat of its input and output streams; None: as few as cost no speed.
    lanes, lane_groups
        Of the engine, likewise; None: as many as pay.
    sliced
        Whether weights of more than 5 bits take two columns (see `nnhw.machine.slices`).

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
        shapes = array_shapes(macs)
    space = EngineSpace(graph, technology, target, stream_bytes, lanes, lane_groups, sliced)
    candidates = space.candidates(shapes)
    if not candidates:
        raise MappingError(_too_few_columns(space, max(cols for _, cols in shapes)))
    limit = _fewest_interval(candidates) * (1 + _TOLERANCE)
    config = _least_hardware(candidates, limit)
    if rows is None:
        config = _shrunk(space, config, limit)
    config = _single_buffered(space, config, interval=limit)
    return config if stream_bytes else narrowest_streams(space, config)


def smallest_engine(
    graph: Graph,
    *,
    interval_cycles: float | None = None,
    latency_cycles: float | None = None,
    technology: str = "portable",
    target: str = "",
    stream_bytes: tuple[int, int] | None = None,
    lanes: int | None = None,
    lane_groups: int | None = None,
    sliced: bool = False,
) -> EngineConfig:
    """The smallest engine that is fast enough, by the exact cycle model.

    Of those with the fewest multipliers, or a quarter more at most, it is the one with the least
    logic: a few multipliers more may need fewer banks of memory.

    Parameters
    ----------
    interval_cycles, latency_cycles
        Most cycles from frame to frame, and from a frame's first input beat to its last output
        beat. At least one of them.
    technology, target, stream_bytes, lanes, lane_groups, sliced
        As for `choose_engine`.

    Raises
    ------
    MappingError
        If no engine of at most `MOST_MACS` multipliers is fast enough, or neither limit is given.
    """
    if interval_cycles is None and latency_cycles is None:
        raise MappingError("'interval_cycles' or 'latency_cycles' must be given")

    space = EngineSpace(graph, technology, target, stream_bytes, lanes, lane_groups, sliced)
    limits = {"interval": interval_cycles, "latency": latency_cycles}

    def candidates(macs: int) -> list[Candidate]:
        return space.candidates(array_shapes(macs))

    def reaches(macs: int) -> bool:
        likely = sorted(candidates(macs), key=lambda c: (c.least_interval, c.least_latency))
        return any(candidate.is_fast_enough(**limits) for candidate in likely)

    # an unreachable goal is refused before anything is searched for
    fastest = candidates(MOST_MACS)
    if not fastest:
        raise MappingError(_too_few_columns(space, MOST_ROWS))
    if not any(candidate.may_be_fast_enough(**limits) for candidate in fastest):
        raise MappingError(_too_slow(fastest, interval_cycles, latency_cycles))
    # the more multipliers, the more shapes: what is possible with some is possible with more
    few, many = 0, 1
    while not reaches(many):
        if many >= MOST_MACS:
            raise MappingError(_too_slow(candidates(many), interval_cycles, latency_cycles))
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if reaches(middle) else (middle, many)
    more = min(MOST_MACS, many + many // 4)
    shapes = {shape for macs in (many, (many + more) // 2, more) for shape in array_shapes(macs)}
    smallest = least_hardware(
        space.candidates(sorted(shapes)), lambda candidate: candidate.is_fast_enough(**limits)
    )
    assert smallest is not None
    config = _single_buffered(space, smallest.config, **limits)
    return config if stream_bytes else narrowest_streams(space, config, latency=latency_cycles)


def _too_slow(candidates: list[Candidate], interval: float | None, latency: float | None) -> str:
    asked = []
    if interval is not None:
        best = _fewest_interval(candidates)
        asked.append(f"a frame every {_cycles(interval)} cycles (best: {best})")
    if latency is not None:
        best = fewest_cycles(
            candidates,
            least=lambda candidate: candidate.least_latency,
            cycles=lambda candidate: candidate.cycles.latency_cycles,
        )
        asked.append(f"a latency of {_cycles(latency)} cycles (best: {best})")
    return (
        f"No engine of at most {MOST_MACS} multipliers reaches {' and '.join(asked)}; "
        "ask for less or raise the clock frequency"
    )


def _too_few_columns(space: EngineSpace, cols: int) -> str:
    if space.lane_groups is None or space.lane_groups <= cols // 2:
        return "Weights in slices take two columns each, and the array has one; ask for more"
    slices = "twice " if space.sliced and space.lane_groups <= cols else ""
    return (
        f"An array has {slices}as many columns as lane groups at least: {space.lane_groups} lane "
        f"groups need more than {cols}; ask for fewer --lane-groups, or for more columns"
    )


def _cycles(asked: float) -> str:
    """A number of cycles for a message; less than one must not be none."""
    return f"{asked:.0f}" if asked >= 1 else f"{asked:.2g}"


def _fewest_interval(candidates: list[Candidate]) -> int:
    return fewest_cycles(
        candidates,
        least=lambda candidate: candidate.least_interval,
        cycles=lambda candidate: candidate.cycles.interval_cycles,
    )


def _least_hardware(candidates: list[Candidate], limit: float) -> EngineConfig:
    """Of those within `limit` cycles, of which there is one at least."""
    best = least_hardware(candidates, lambda candidate: candidate.is_fast_enough(interval=limit))
    assert best is not None
    return best.config


def _shrunk(space: EngineSpace, config: EngineConfig, limit: float) -> EngineConfig:
    """The configuration in a smaller shape, if there is one within `limit` cycles."""

    def fits(rows: int, cols: int) -> bool:
        candidate = space.reshaped(config, rows, cols)
        return candidate is not None and candidate.is_fast_enough(interval=limit)

    shape = shrink_shape(config.rows, config.cols, fits)
    # a smaller shape may need other lanes
    return _least_hardware(space.candidates([shape]), limit)


def _single_buffered(
    space: EngineSpace, config: EngineConfig, **limits: float | None
) -> EngineConfig:
    """The configuration with one frame buffer if that is fast enough, too."""
    single = replace(config, frame_buffers=1)
    return single if space.timed([single])[0].is_fast_enough(**limits) else config
