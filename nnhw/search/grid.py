"""A plain grid: every point of it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from ..budget import memory_budget
from ..data import Data
from ..errors import OptionError
from ..frontend import Model, model_file
from ..options import Exploration, SweepOptions
from ..plugins import plugins_in_use
from .files import named, write_file
from .problem import read_problem
from .space import space_from
from .stages import Outcome
from .table import Row, build_command, design_row, figure_columns, to_csv
from .workers import open_workers


def run_sweep(
    model: Model,
    data: Data | None,
    vary: Mapping[str, Sequence[Any]],
    out: str | PathLike[str] | None,
    progress: Callable[[str, float], None],
    chosen: Exploration[SweepOptions],
) -> list[Row]:
    """See `nnhw.sweep`."""
    own, base = chosen.own, chosen.build
    if not vary:
        raise OptionError("A sweep needs values to try; give --vary rows=4,8 (vary={'rows': ...})")
    with memory_budget(base.max_memory), plugins_in_use(), model_file(model) as file:
        space = space_from(vary, base, chosen.given)
        problem = read_problem(file, data, base, samples=own.samples, progress=progress)
        points = list(space.points())
        outcomes: dict[int, Outcome] = {}
        progress("Sweep", 0)
        with open_workers(problem, processes=own.workers, scheduler=own.scheduler) as workers:
            for number, point in enumerate(points):
                workers.submit(number, {**space.fixed, **point})
            while len(outcomes) < len(points):
                outcomes |= {done.key: done.outcome for done in workers.wait()}
                progress("Sweep", len(outcomes) / len(points))
        columns = figure_columns(outcomes.values())
        names = named(model, file.name), None if data is None else named(data, "DATA")
        rows = []
        for number, point in enumerate(points):
            outcome = outcomes[number]
            command = "" if outcome.refusal else build_command(space.options(base, point), *names)
            rows.append(design_row({}, {**space.fixed, **point}, outcome, columns, command))
    if out is not None:
        write_file(Path(out), to_csv(rows).encode())
    return rows
