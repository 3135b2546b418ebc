"""From an integer graph to a program for an engine made for it."""

from ..machine import EngineConfig
from .candidates import WIDEST_CHOSEN, rough_logic
from .choose import DEFAULT_MACS, choose_engine, smallest_engine
from .compile import map_graph, plan_graph, shared_machine
from .cycles import CycleModel, LayerCycles, predict_cycles
from .layer_plan import LayerPlan, node_macs
from .memory_plan import Buffer, MemoryPlan, plan_memory
from .program import Layer, Plan, Program
from .slicing import may_pay
from .strategies import Setting, maps
from .strategies.lanes import paired
from .traffic import MemoryTraffic, count_traffic

__all__ = [
    "DEFAULT_MACS",
    "WIDEST_CHOSEN",
    "Buffer",
    "CycleModel",
    "EngineConfig",
    "Layer",
    "LayerCycles",
    "LayerPlan",
    "MemoryPlan",
    "MemoryTraffic",
    "Plan",
    "Program",
    "Setting",
    "choose_engine",
    "count_traffic",
    "map_graph",
    "maps",
    "may_pay",
    "node_macs",
    "paired",
    "plan_graph",
    "plan_memory",
    "predict_cycles",
    "rough_logic",
    "shared_machine",
    "smallest_engine",
]
