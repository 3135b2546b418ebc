"""The hardware: Amaranth components, one concept a file."""

from .accelerator import Accelerator
from .engine import Engine

__all__ = ["Accelerator", "Engine"]
