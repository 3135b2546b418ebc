"""The hardware: Amaranth components, one concept a file."""

from .accelerator import Accelerator
from .engine import Engine
from .parts import PARTS, engine_part, part_count

__all__ = ["PARTS", "Accelerator", "Engine", "engine_part", "part_count"]
