"""Evaluation in this process."""

from __future__ import annotations

from collections.abc import Mapping

from ..problem import Problem
from ..space import Value
from ..stages import Evaluator
from .work import Done


class Here:
    """One point after the other.

    Parameters
    ----------
    problem
        What they have in common.
    """

    size = 1

    def __init__(self, problem: Problem):
        self._evaluator = Evaluator(problem)
        self._submitted: list[tuple[int, Mapping[str, Value]]] = []

    def submit(self, key: int, point: Mapping[str, Value]) -> None:
        """See `Workers`."""
        self._submitted.append((key, point))

    def wait(self) -> list[Done]:
        """See `Workers`."""
        key, point = self._submitted.pop(0)
        return [Done(key, self._evaluator.evaluate(point))]
