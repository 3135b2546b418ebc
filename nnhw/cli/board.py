"""`nnhw synth --board`: a bitstream for a board."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from rich.console import Console

from ..families import BOARDS
from .output import print_json

BoardName = StrEnum("BoardName", list(BOARDS))  # type: ignore[misc] # found, not written here
"""The boards by name."""


def synth_board(
    design: Path, board: BoardName, *, freq: float | None, baud: int, seeds: int, as_json: bool
) -> None:
    """Make a bitstream, and say what to do with it."""
    from ..boards import build_board, find_board
    from ..report import StepDisplay, edited_files

    with StepDisplay(Console(stderr=as_json)) as progress:
        result = build_board(
            design,
            find_board(board.value),
            clock_hz=None if freq is None else round(freq * 1e6),
            baud=baud,
            seeds=seeds,
            progress=progress,
        )
    if as_json:
        print_json(result.to_dict())
        return
    if result.edited:
        print(edited_files(result.edited))
    for figures in result.usage:
        share = "" if figures.percent is None else f" ({figures.percent}%)"
        print(f"{figures.used:,} {figures.resource}{share}")
    print(
        f"clock {result.clock_hz / 1e6:g} MHz; the design could take {result.fmax_mhz:g} MHz\n"
        f"serial line {result.baud:,.0f} baud: {result.board.serial}\n"
        f"load it: {result.board.load} {result.bitstream}\n"
        f"run it: nnhw run {design} --data FILE.npz --port DEVICE --baud {baud}"
    )
