"""From an integer graph to a program for an engine made for it."""

from .choose import DEFAULT_MACS, choose_engine, smallest_engine
from .compile import map_graph, node_macs, plan_graph
from .config import (
    MEMORY_LATENCY,
    MOST_MACS,
    PARAMETER_ADDRESS_STAGES,
    ROTATION_LEVELS_PER_STAGE,
    EngineConfig,
    rotation_stages,
    row_stages,
    write_stages,
)
from .cycles import CycleModel, LayerCycles, predict_cycles
from .memory_plan import Buffer, MemoryPlan, plan_memory
from .program import Layer, Plan, Program, Widths

__all__ = [
    "DEFAULT_MACS",
    "MEMORY_LATENCY",
    "MOST_MACS",
    "PARAMETER_ADDRESS_STAGES",
    "ROTATION_LEVELS_PER_STAGE",
    "Buffer",
    "CycleModel",
    "EngineConfig",
    "Layer",
    "LayerCycles",
    "MemoryPlan",
    "Plan",
    "Program",
    "Widths",
    "choose_engine",
    "map_graph",
    "node_macs",
    "plan_graph",
    "plan_memory",
    "predict_cycles",
    "rotation_stages",
    "row_stages",
    "smallest_engine",
    "write_stages",
]
