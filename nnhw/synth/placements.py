"""Place and route with several seeds, of which one placement counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..families import Target
from ..options import Effort
from .child import GIVEN_UP, error_lines, run_all
from .nextpnr import PlacedDesign, placing_run, read_placed
from .placer import find_placer
from .steps import Step
from .timing import ClockTiming

_RAISE = 1.08
"""What is aimed at next, where all paths were about as fast as asked."""
_ABOVE = 1.02
"""What is aimed at next is at least that times what was reached: where a placement promised less
than its wires are, they are all faster than asked from the first."""
_MET = 0.99
"""Part of an aim that counts as all of it: the router gives up a last few slow paths."""
_MOST_AGAIN = 3
"""Placements more, at most."""
_MISSED = "missed"
"""File in the folder of a placement that was given up, as its aim was too high."""


@dataclass(frozen=True, kw_only=True)
class Placing:
    """Places a netlist with seeds; placements that are there already are not repeated.

    Parameters
    ----------
    netlist, target, constraints, speed_grade, prefix
        See `place_and_route`.
    out
        Each placement gets a folder in it, such as "seed_1".
    logs
        Folder for what nextpnr prints.
    inputs
        What the placements depend on besides seed and aim; see `Step`.
    jobs
        How many run at a time.
    """

    netlist: Path
    target: Target
    out: Path
    logs: Path
    constraints: Path | None
    speed_grade: str
    prefix: str
    inputs: Mapping[str, Any]
    jobs: int

    def place(
        self,
        seeds: Sequence[int],
        freq: float,
        *,
        finished: Callable[[], None] = lambda: None,
    ) -> list[PlacedDesign]:
        """Place once for each seed, aiming at `freq` MHz.

        Parameters
        ----------
        finished
            Called after each placement that succeeds.

        Raises
        ------
        ToolError
            If no placement succeeds.
        """
        placed = self._place(dict.fromkeys(seeds, freq), finished=finished)
        if not placed:
            errors = error_lines(self._log(seeds[0]))
            raise ToolError(f"Place and route for {self.target.name} failed:\n{errors}")
        return placed

    def place_faster(
        self,
        placed: Sequence[PlacedDesign],
        goal: float,
        *,
        begins: Callable[[], None] = lambda: None,
    ) -> list[PlacedDesign]:
        """Place those again that are about as fast as was asked, until none is any more.

        A router that looks for fast ways stops where all are as fast as asked. What was asked of a
        placement is less than `goal`, in MHz, if that had to be given up; then it is not asked for
        once more. Of each seed the fastest placement is returned; the later ones have folders such
        as "seed_1_again_1". With families whose routers do not look for fast ways, there is nothing
        to be had.

        Parameters
        ----------
        begins
            Called each time before some are placed.
        """
        if not find_placer(self.target).first_options:
            return list(placed)
        fastest = {design.seed: design for design in placed}
        latest = list(placed)
        given_up = {
            design.seed: goal for design in placed if _slowest(design).aim_mhz < _MET * goal
        }
        for again in range(1, _MOST_AGAIN + 1):
            aims = {
                design.seed: max(_RAISE * _slowest(design).aim_mhz, _ABOVE * fmax(design))
                for design in latest
                if fmax(design) >= _MET * _slowest(design).aim_mhz
            }
            aims = {seed: freq for seed, freq in aims.items() if freq < given_up.get(seed, inf)}
            if not aims:
                break
            begins()
            latest = self._place(aims, again=again)
            for design in latest:
                fastest[design.seed] = max(fastest[design.seed], design, key=fmax)
        return list(fastest.values())

    def _log(self, seed: int, suffix: str = "") -> Path:
        return self.logs / f"nextpnr_{seed}{suffix}.log"

    def _place(
        self,
        aims: Mapping[int, float],
        *,
        again: int = 0,
        finished: Callable[[], None] = lambda: None,
    ) -> list[PlacedDesign]:
        """Those that succeed, of the seeds of `aims`; `again`: how often they have been placed."""
        suffix = f"_again_{again}" if again else ""
        steps = {
            seed: Step(
                self.out / f"seed_{seed}{suffix}", {**self.inputs, "seed": seed, "freq": freq}
            )
            for seed, freq in aims.items()
        }
        waiting = [seed for seed in aims if not steps[seed].done]
        runs = [
            placing_run(
                self.netlist,
                self.target,
                out=steps[seed].start(),
                freq=aims[seed],
                seed=seed,
                constraints=self.constraints,
                speed_grade=self.speed_grade,
                log=self._log(seed, suffix),
                again=bool(again),
            )
            for seed in waiting
        ]

        def finish(number: int) -> None:
            steps[waiting[number]].finish()
            finished()

        statuses = run_all(runs, jobs=self.jobs, finished=finish)
        for seed, status in zip(waiting, statuses, strict=True):
            if again and status == GIVEN_UP:  # remembered, so that it is not tried once more
                (steps[seed].partial / _MISSED).touch()
                steps[seed].finish()
        return [
            read_placed(
                steps[seed].folder,
                self.target,
                seed=seed,
                speed_grade=self.speed_grade,
                prefix=self.prefix,
                log=self._log(seed, suffix),
            )
            for seed in aims
            if steps[seed].done and not (steps[seed].folder / _MISSED).exists()
        ]


def counting_placement(placed: Sequence[PlacedDesign], effort: Effort) -> PlacedDesign:
    """The one whose figures are the design's: the median, of an even number the slower one in the
    middle, or with high effort the fastest.

    Raises
    ------
    ToolError
        If one of them has no clock.
    """
    by_speed = sorted(placed, key=fmax)
    return by_speed[-1 if effort is Effort.HIGH else (len(by_speed) - 1) // 2]


def fmax(placed: PlacedDesign) -> float:
    """Frequency in MHz of the slowest clock of a placed design.

    Raises
    ------
    ToolError
        If it has no clock.
    """
    return _slowest(placed).fmax_mhz


def _slowest(placed: PlacedDesign) -> ClockTiming:
    if not placed.placement.clocks:
        raise ToolError(f"nextpnr reports no clock; see '{placed.log}'")
    return placed.placement.clocks[0]
