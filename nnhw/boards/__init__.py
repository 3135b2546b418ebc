"""Accelerators on real boards: top modules, pins, bitstreams."""

from .build import TOP, build_board, write_top
from .catalog import find_board
from .pll import Pll
from .result import BoardBuild
from .timing import BoardTiming, plan_timing
from .top import BoardTop

__all__ = [
    "TOP",
    "BoardBuild",
    "BoardTiming",
    "BoardTop",
    "Pll",
    "build_board",
    "find_board",
    "plan_timing",
    "write_top",
]
