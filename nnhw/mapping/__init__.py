"""From an integer graph to a program for an engine made for it."""

from .compile import map_graph, map_layers, node_macs
from .config import EngineConfig
from .memory_plan import Buffer, MemoryPlan, plan_memory
from .program import Layer, Program, Widths

__all__ = [
    "Buffer",
    "EngineConfig",
    "Layer",
    "MemoryPlan",
    "Program",
    "Widths",
    "map_graph",
    "map_layers",
    "node_macs",
    "plan_memory",
]
