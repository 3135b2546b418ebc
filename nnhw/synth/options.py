"""What to do with a design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import OptionError

Progress = Callable[[str, float], None]
"""Called with the name of a step and the share of it that is done."""


@dataclass(frozen=True, kw_only=True)
class SynthesisOptions:
    """What to do with a design.

    Parameters
    ----------
    target
        Name of a target; see `TARGETS` and `PROCESSES`.
    place
        Whether to place and route it.
    freq
        Frequency in MHz that is aimed at; None: the target's own.
    seeds
        How many placements to try, of which the fastest counts.
    jobs
        How many of them at a time.
    speed_grade
        Of the device; "" is the target's slowest.
    simulate
        Whether to simulate the netlist; a netlist for silicon always is.
    liberty
        Library of cells of a process, in place of the one that its package has.
    """

    target: str
    place: bool = False
    freq: float | None = None
    seeds: int = 1
    jobs: int = 1
    speed_grade: str = ""
    simulate: bool = False
    liberty: Path | None = None

    def __post_init__(self) -> None:
        if self.freq is not None and self.freq <= 0:
            raise OptionError(f"--freq must be a frequency in MHz above 0, not {self.freq:g}")
        for name in ("seeds", "jobs"):
            if getattr(self, name) < 1:
                raise OptionError(f"--{name} must be at least 1, not {getattr(self, name)}")
