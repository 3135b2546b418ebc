"""The hardware: Amaranth components, one concept a file."""

from .combination import COMBINATIONS, Combination, combines
from .components import (
    COMPONENTS,
    component_count,
    engine_component,
    engine_parts,
    repeated_components,
)
from .engine import Engine, engine_cells
from .extremum import Maximum, Minimum
from .technology import MemoryModule

__all__ = [
    "COMBINATIONS",
    "COMPONENTS",
    "Combination",
    "Engine",
    "Maximum",
    "MemoryModule",
    "Minimum",
    "combines",
    "component_count",
    "engine_cells",
    "engine_component",
    "engine_parts",
    "repeated_components",
]
