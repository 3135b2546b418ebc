"""From an integer network to an array and its program, as the options ask for."""

from __future__ import annotations

from dataclasses import dataclass

from .ir import Graph
from .mapping import (
    CycleModel,
    EngineConfig,
    Program,
    choose_engine,
    map_graph,
    predict_cycles,
    smallest_engine,
)
from .options import BuildOptions


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A network on an array.

    Parameters
    ----------
    engine
        Sizes of everything.
    program
        What it executes.
    cycles
        How long that takes.
    """

    engine: EngineConfig
    program: Program
    cycles: CycleModel


def place(graph: Graph, options: BuildOptions) -> Placement:
    """Choose the engine that the options ask for, and map the network to it.

    Raises
    ------
    MappingError
        If no engine can be had that does what they ask for.
    """
    engine = _choose_engine(graph, options)
    program = map_graph(graph, engine)
    return Placement(engine=engine, program=program, cycles=predict_cycles(program))


def _choose_engine(graph: Graph, options: BuildOptions) -> EngineConfig:
    if options.asks_for_speed:
        return smallest_engine(
            graph,
            interval_cycles=options.interval_cycles,
            latency_cycles=options.latency_cycles,
            technology=options.technology,
        )
    return choose_engine(
        graph,
        rows=options.rows,
        cols=options.cols,
        macs=options.macs,
        technology=options.technology,
    )
