"""Evaluation by the workers of a Dask scheduler.

A worker gets the problem once, and needs nothing but nnhw and Dask: no model file, no data, no
study. Dask runs again what a worker that is lost had under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from distributed import Client, Future
from distributed import wait as wait_for

from ...errors import ToolError, first_line
from ..problem import Problem
from ..space import Value
from ..stages import Evaluator, Outcome
from .work import Done, given_up

_PATIENCE = "30s"
"""For a scheduler to answer."""

_LATER = 2
"""Points for each thread of a worker: one that it is at, and the next."""

_evaluators: dict[str, Evaluator] = {}


def _evaluate(problem: Problem, key: str, point: Mapping[str, Value]) -> Outcome:
    """On a worker, whose process keeps the evaluator of the last problem."""
    if key not in _evaluators:
        _evaluators.clear()
        _evaluators[key] = Evaluator(problem)
    return _evaluators[key].evaluate(point)


class DaskWorkers:
    """The workers that a scheduler has, which may come and go; see `connected`."""

    def __init__(self, client: Client, problem: Problem):
        self._client = client
        self._key = problem.key
        self._problem = client.scatter(problem, broadcast=True)
        self._futures: dict[Future, int] = {}

    @classmethod
    @contextmanager
    def connected(cls, address: str, problem: Problem) -> Iterator[DaskWorkers]:
        """A connection, as long as the block runs.

        Raises
        ------
        ToolError
            If the scheduler does not answer, or has no workers.
        """
        try:
            client = Client(address, timeout=_PATIENCE)
        except (OSError, ValueError, TypeError) as error:
            raise ToolError(
                f"Scheduler {address} does not answer ({first_line(error)}); start one with 'dask "
                "scheduler', and its workers with 'dask worker ADDRESS'"
            ) from error
        with client:
            if not client.nthreads():
                raise ToolError(
                    f"Scheduler {address} has no workers; start some with: dask worker {address}"
                )
            yield cls(client, problem)

    @property
    def size(self) -> int:
        """See `Workers`."""
        return max(1, _LATER * sum(self._client.nthreads().values()))

    def submit(self, key: int, point: Mapping[str, Value]) -> None:
        """See `Workers`."""
        future = self._client.submit(
            _evaluate,
            self._problem,
            self._key,
            dict(point),
            key=f"nnhw-{self._key}-{key}",
            pure=False,
        )
        self._futures[future] = key

    def wait(self) -> list[Done]:
        """See `Workers`."""
        ended = wait_for(list(self._futures), return_when="FIRST_COMPLETED").done
        return [Done(self._futures.pop(future), self._outcome(future)) for future in ended]

    def _outcome(self, future: Future) -> Outcome:
        error = future.exception()
        if error is None:
            return future.result()
        if type(error).__name__ == "KilledWorker":
            return given_up()
        raise error
