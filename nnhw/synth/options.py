"""What to do with a design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import OptionError
from ..options import Effort

Progress = Callable[[str, float], None]
"""Called with the name of a step and the share of it that is done."""


_PLACEMENTS = {Effort.NORMAL: 1, Effort.HIGH: 5}
"""Unless their number is given."""


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
        Frequency in MHz that is aimed at; None: what a placement promises, or of a process its own.
    seeds
        How many placements to try; None: one, or five with high effort.
    effort
        Which of them counts: the median, or with `Effort.HIGH` the fastest.
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
    seeds: int | None = None
    effort: Effort = Effort.NORMAL
    jobs: int = 1
    speed_grade: str = ""
    simulate: bool = False
    liberty: Path | None = None

    def __post_init__(self) -> None:
        if self.freq is not None and self.freq <= 0:
            raise OptionError(f"--freq must be a frequency in MHz above 0, not {self.freq:g}")
        for name in ("seeds", "jobs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"--{name} must be at least 1, not {value}")

    @property
    def placements(self) -> int:
        """How many placements to try."""
        return self.seeds or _PLACEMENTS[self.effort]
