"""What all kinds of workers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..space import Value
from ..stages import Outcome

MOST_ATTEMPTS = 2
"""Processes that may end over one point."""


@dataclass(frozen=True)
class Done:
    """A point that was evaluated.

    Parameters
    ----------
    key
        That it was submitted with.
    outcome
        What came of it.
    """

    key: int
    outcome: Outcome


class Workers(Protocol):
    """What evaluates several points at once, and outlives the end of a process."""

    @property
    def size(self) -> int:
        """How many points are to be under way at a time."""

    def submit(self, key: int, point: Mapping[str, Value]) -> None:
        """Have a point evaluated."""

    def wait(self) -> list[Done]:
        """Wait until something is done, at least one of what was submitted."""


def given_up() -> Outcome:
    """Of a point over which too many processes have ended."""
    return Outcome(
        refusal="Process after process ended while it evaluated this design; is there too little "
        "memory?"
    )
