"""Search for the best designs of a network.

The only importer of Optuna, pandas, plotly and Dask, and beside tuning of matplotlib, which are
extras: nothing here imports them before they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from ..data import Data
from ..errors import OptionError
from ..frontend import Model
from ..options import BuildOptions, ExploreOptions, SweepOptions, exploration_from
from .extras import require
from .result import ExploreResult
from .table import Row, to_csv

__all__ = ["ExploreResult", "explore", "sweep", "to_csv"]


def explore(
    model: Model,
    *,
    data: Data | None = None,
    out: str | PathLike[str] | None = None,
    study: str | PathLike[str] | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    progress: Callable[[str, float], None] | None = None,
    **options: Any,
) -> ExploreResult:
    """Search for the best designs of a network.

    Every trial is the design that `nnhw.build` would make with the same options: its integers are
    measured on samples, its cycles are exact, and what it takes of a device is estimated.
    Nothing is synthesized unless `synth` asks for it. A search that was killed goes on when it is
    started again with the same arguments.

    Parameters
    ----------
    model, data
        See `nnhw.build`.
    out
        Folder for the table, pages and the study; None: explore_out/NAME. What is in it is
        replaced, but for a study, which goes on.
    study
        File of the study; None: study.db in the folder. A name that ends in .journal or .log makes
        a journal, others SQLite. Optuna's dashboard opens either.
    config
        Options of exploring and of a build: a TOML file of both, or `BuildOptions`.
    progress
        Called with what is being done, and the share of it that is done.
    options
        By name, in place of those of `config`: those of exploring (`ExploreOptions`), and those of
        a build that all designs are to have in common (`BuildOptions`).

    Returns
    -------
    ExploreResult
        Its `table` is a list of rows for pandas, `front` the Pareto front.

    Raises
    ------
    NnhwError
        If anything that lies outside nnhw is wrong: see `nnhw.build`; an objective that no design
        has; a study of another search; a missing package.
    """
    for name, path in (("out", out), ("study", study)):
        if not isinstance(path, str | PathLike | None):
            raise OptionError(f"Option {name} must be a path, not {type(path).__name__}")
    chosen = exploration_from(config, options, ExploreOptions, "explore")
    require("optuna", "plotly", "matplotlib")
    from .run import run_search

    return run_search(model, data, out, study, progress or (lambda step, share: None), chosen)


def sweep(
    model: Model,
    *,
    vary: Mapping[str, Sequence[Any]],
    data: Data | None = None,
    out: str | PathLike[str] | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    progress: Callable[[str, float], None] | None = None,
    **options: Any,
) -> list[Row]:
    """Evaluate every design of a grid.

    Parameters
    ----------
    model, data
        See `nnhw.build`.
    vary
        Values by option, of which each is tried with each; see `explore` for options that can be.
    out
        File for the table, as CSV; None: none.
    config, progress
        See `explore`.
    options
        By name, in place of those of `config`: those of a sweep (`SweepOptions`), and those of a
        build that all designs are to have in common (`BuildOptions`).

    Returns
    -------
    list of dict
        A row for each design, for `pandas.DataFrame`: values of options, figures by name and kind
        such as `latency_cycles_exact`, why there is no such design, and the command that builds it.

    Raises
    ------
    NnhwError
        If anything that lies outside nnhw is wrong; see `explore`.
    """
    if not isinstance(vary, Mapping):
        raise OptionError(f"Option vary must be a table, not {type(vary).__name__}")
    if not isinstance(out, str | PathLike | None):
        raise OptionError(f"Option out must be a path, not {type(out).__name__}")
    from .grid import run_sweep

    chosen = exploration_from(config, options, SweepOptions, "sweep")
    return run_sweep(model, data, vary, out, progress or (lambda step, share: None), chosen)
