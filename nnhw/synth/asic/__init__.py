"""Silicon: standard cells, memory macros, static timing, and energy from simulated transitions."""

from .flow import run_asic
from .memories import MemoryUse
from .result import Area, AsicResult, AsicSpeed, Power, parse_asic_result

__all__ = [
    "Area",
    "AsicResult",
    "AsicSpeed",
    "MemoryUse",
    "Power",
    "parse_asic_result",
    "run_asic",
]
