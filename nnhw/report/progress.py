"""Progress of a long command in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class StepDisplay:
    """Shows the running step with its time, and an estimate of what is left of it.

    An instance is the `progress` of `nnhw.build` and a context manager around that call. A step
    that fails stays to be seen.

    Parameters
    ----------
    console
        Where to print; nothing moves if it is not a terminal.
    keep
        Whether finished steps stay, each in a line.
    clock
        Seconds from any point in time.
    """

    def __init__(
        self, console: Console, *, keep: bool = False, clock: Callable[[], float] = time.monotonic
    ):
        self._keep, self._clock = keep, clock
        self._estimate = Estimate(0.0)
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[done]}"),
            console=console,
        )
        self._step = ""
        self._task: TaskID | None = None

    def __enter__(self) -> StepDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        self._progress.stop()

    def __call__(self, step: str, share: float) -> None:
        """`share` of `step` is done; if the step is a new one, the one before has ended."""
        if self._task is None or step != self._step:
            self._finish()
            self._step = step
            self._task = self._progress.add_task(step, total=1, done="")
            self._estimate = Estimate(self._clock())
        # A whole task would show as finished.
        done = f"{share:.0%}{self._estimate(share, self._clock())}" if share else ""
        self._progress.update(self._task, completed=min(share, 0.99), done=done)

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=1, done="", visible=self._keep)


class Estimate:
    """What is left of a step, from how far it has come since its first share was told.

    What comes before, such as compiling a simulator, says nothing about how fast shares follow.

    Parameters
    ----------
    begin
        When the step began, in seconds.
    """

    def __init__(self, begin: float):
        self._begin = begin
        self._first: tuple[float, float] | None = None  # share and time

    def __call__(self, share: float, now: float) -> str:
        """Such as ", 0:00:42 left"; "" for steps of less than `LONG` seconds in all."""
        if self._first is None:
            self._first = share, now
        first, since = self._first
        if not first < share < 1:
            return ""
        left = (now - since) * (1 - share) / (share - first)
        if now - self._begin + left < LONG:
            return ""
        return f", {timedelta(seconds=round(left))} left"


LONG = 10.0
"""Seconds from which on an estimate is worth it."""
