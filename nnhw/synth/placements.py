"""Place and route with several seeds, of which one placement counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..families import Target
from ..options import Effort
from .child import error_lines, run_all
from .nextpnr import PlacedDesign, placing_run, read_placed
from .steps import Step


def place_with_seeds(
    netlist: Path,
    target: Target,
    *,
    out: Path,
    freq: float,
    seeds: Sequence[int],
    jobs: int,
    constraints: Path | None,
    speed_grade: str,
    prefix: str,
    logs: Path,
    inputs: Mapping[str, Any],
    finished: Callable[[], None],
) -> list[PlacedDesign]:
    """Place a netlist once for each seed; placements that are there already are not repeated.

    Parameters
    ----------
    out
        Each placement gets a folder in it, such as "seed_1".
    jobs
        How many run at a time.
    logs
        Folder for what nextpnr prints.
    inputs
        What the placements depend on besides the seed; see `Step`.
    finished
        Called after each placement that succeeds.

    The others are those of `place_and_route`.

    Raises
    ------
    ToolError
        If no placement succeeds.
    """
    steps = {seed: Step(out / f"seed_{seed}", {**inputs, "seed": seed}) for seed in seeds}
    log = {seed: logs / f"nextpnr_{seed}.log" for seed in seeds}
    waiting = [seed for seed in seeds if not steps[seed].done]
    runs = [
        placing_run(
            netlist,
            target,
            out=steps[seed].start(),
            freq=freq,
            seed=seed,
            constraints=constraints,
            speed_grade=speed_grade,
            log=log[seed],
        )
        for seed in waiting
    ]

    def finish(number: int) -> None:
        steps[waiting[number]].finish()
        finished()

    run_all(runs, jobs=jobs, finished=finish)
    placed = [
        read_placed(
            steps[seed].folder,
            target,
            seed=seed,
            speed_grade=speed_grade,
            prefix=prefix,
            log=log[seed],
        )
        for seed in seeds
        if steps[seed].done
    ]
    if not placed:
        raise ToolError(
            f"Place and route for {target.name} failed:\n{error_lines(log[waiting[0]])}"
        )
    return placed


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
    if not placed.placement.clocks:
        raise ToolError(f"nextpnr reports no clock; see '{placed.log}'")
    return placed.placement.clocks[0].fmax_mhz
