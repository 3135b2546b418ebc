"""The hardware: Amaranth components, one concept a file."""

from .accelerator import Accelerator
from .components import COMPONENTS, component_count, engine_component
from .engine import Engine

__all__ = ["COMPONENTS", "Accelerator", "Engine", "component_count", "engine_component"]
