"""What came out for a board."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..families import Board
from ..synth import Usage


@dataclass(frozen=True, kw_only=True)
class BoardBuild:
    """A bitstream and what is to be known of it.

    Parameters
    ----------
    board
    bitstream
    clock_hz
        Clock of the design.
    baud
        Bits a second on the serial line, as exactly as the clock allows.
    fmax_mhz
        The highest clock in MHz that the placed design could take.
    seed
        Of the placement.
    usage
        What it occupies.
    edited
        Verilog files of the design that have changed since it was built.
    """

    board: Board
    bitstream: Path
    clock_hz: float
    baud: float
    fmax_mhz: float
    seed: int
    usage: tuple[Usage, ...]
    edited: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return {
            "board": self.board.name,
            "bitstream": self.bitstream.name,
            "clock_mhz": self.clock_hz / 1e6,
            "fmax_mhz": self.fmax_mhz,
            "baud": round(self.baud),
            "seed": self.seed,
            "usage": {u.resource: {"used": u.used, "available": u.available} for u in self.usage},
            "edited": list(self.edited),
        }

    def save(self, folder: Path) -> None:
        """Write board.json."""
        (folder / "board.json").write_text(
            json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8"
        )
