"""What a search has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import BuildOptions
from .extras import require
from .figures import Figure, Kind, flat, kind_of
from .goal import Goal, Trial
from .stages import Outcome
from .table import Row, build_command, design_row, figure_cells, figure_columns

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """The trials of a search, of whatever.

    Parameters
    ----------
    goal
        What it was for.
    trials
        All that were finished, by number.
    importances
        How much each parameter matters, by objective; see `parameter_importances`.
    """

    goal: Goal
    trials: Sequence[Trial]
    importances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def objectives(self) -> tuple[Figure, ...]:
        """What was to be good."""
        return self.goal.objectives

    @cached_property
    def front(self) -> tuple[Trial, ...]:
        """See `Goal.front`."""
        return self.goal.front(self.trials)


@dataclass(frozen=True, kw_only=True)
class ExploreResult(SearchResult):
    """The trials of a search for designs.

    Parameters
    ----------
    goal, trials, importances
        See `SearchResult`.
    baseline
        What a build with the options that all designs have in common would be: its array is
        chosen by nnhw.
    base
        Those options.
    model, data
        Files, as they were given.
    folder
        Where table, pages and study are; None if nothing was written.
    study
        File of the study; None if it was in memory.
    remarks
        What a reader has to know about the figures.
    """

    baseline: Outcome
    base: BuildOptions
    model: str
    data: str | None
    folder: Path | None = None
    study: Path | None = None
    remarks: tuple[str, ...] = ()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of trials that cannot be built, that miss a constraint, and that do not."""
        refused = sum(bool(trial.outcome.refusal) for trial in self.trials)
        feasible = sum(trial.feasible for trial in self.trials)
        return refused, len(self.trials) - refused - feasible, feasible

    @property
    def objective_kinds(self) -> tuple[tuple[Figure, Kind], ...]:
        """The objectives, and where their figures come from."""
        return tuple((f, kind_of(f.name, self.baseline.figures)) for f in self.objectives)

    def baseline_value(self, name: str) -> float:
        """A figure of the baseline."""
        return flat(self.baseline.figures)[name]

    def options(self, trial: Trial) -> BuildOptions:
        """The options of a build that makes a trial's design."""
        return self.goal.space.options(self.base, trial.point)

    def command(self, trial: Trial) -> str:
        """The command line that builds a trial's design."""
        return build_command(self.options(trial), self.model, self.data)

    @cached_property
    def table(self) -> list[Row]:
        """A row for each trial: parameters, figures by name and kind, such as
        `latency_cycles_exact`, whether it is on the front, and the command that builds it.

        `pandas.DataFrame(result.table)` takes it, and so does `to_dataframe`.
        """
        front = {trial.number for trial in self.front}
        columns = figure_columns(trial.outcome for trial in self.trials)
        rows = []
        for trial in self.trials:
            leading: Row = {
                "trial": trial.number,
                "front": trial.number in front,
                "feasible": trial.feasible,
            }
            values = {**self.goal.space.fixed, **trial.point}
            command = "" if trial.outcome.refusal else self.command(trial)
            row = design_row(leading, values, trial.outcome, columns, command)
            if trial.violations:
                row["problem"] = f"not {', '.join(trial.violations)}"
            rows.append(row)
        return rows

    def to_dataframe(self) -> pandas.DataFrame:
        """`table` in pandas.

        Raises
        ------
        ToolError
            If pandas is missing.
        """
        require("pandas")
        import pandas

        return pandas.DataFrame(self.table)

    def to_dict(self) -> Mapping[str, Any]:
        """All of it for JSON."""
        return {
            "search": self.goal.to_dict(),
            "trials": len(self.trials),
            "front": [row for row in self.table if row["front"]],
            "baseline": figure_cells(self.baseline),
            "folder": None if self.folder is None else str(self.folder),
            "study": None if self.study is None else str(self.study),
            "importances": self.importances,
            "remarks": list(self.remarks),
        }
