"""The hardware: Amaranth components, one concept a file."""

from .accelerator import Accelerator
from .combination import COMBINATIONS, Combination, combines
from .components import COMPONENTS, component_count, engine_component
from .engine import Engine, engine_cells
from .extremum import Maximum, Minimum

__all__ = [
    "COMBINATIONS",
    "COMPONENTS",
    "Accelerator",
    "Combination",
    "Engine",
    "Maximum",
    "Minimum",
    "combines",
    "component_count",
    "engine_cells",
    "engine_component",
]
