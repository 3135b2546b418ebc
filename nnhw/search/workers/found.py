"""The workers that the options ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..extras import require
from ..problem import Problem
from .here import Here
from .processes import Processes
from .work import Workers


@contextmanager
def open_workers(
    problem: Problem, *, processes: int | None = None, scheduler: str | None = None
) -> Iterator[Workers]:
    """Workers for a problem, as long as the block runs.

    Parameters
    ----------
    processes
        Of this machine; None: as many as there are cores. One is this process itself.
    scheduler
        Address of a Dask scheduler, in their place.

    Raises
    ------
    ToolError
        If the scheduler does not answer, or Dask is missing.
    """
    if scheduler is not None:
        require("distributed", extra="dask")
        from .dask import DaskWorkers

        with DaskWorkers.connected(scheduler, problem) as workers:
            yield workers
        return
    count = processes or len(os.sched_getaffinity(0))
    if count == 1:
        yield Here(problem)
        return
    with Processes.started(problem, count) as pool:
        yield pool
