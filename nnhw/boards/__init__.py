"""Accelerators on real boards: top modules, pins, bitstreams."""

from .board import Board
from .build import TOP, build_board, write_top
from .catalog import BOARDS, find_board
from .result import BoardBuild
from .timing import BoardTiming, plan_timing
from .top import BoardTop

__all__ = [
    "BOARDS",
    "TOP",
    "Board",
    "BoardBuild",
    "BoardTiming",
    "BoardTop",
    "build_board",
    "find_board",
    "plan_timing",
    "write_top",
]
