"""Progress of a long command in a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class StepDisplay:
    """Shows the running step with its time, and a line for each finished step.

    An instance is the `progress` of `nnhw.build` and a context manager around that call.

    Parameters
    ----------
    console
        Where to print; nothing moves if it is not a terminal.
    """

    def __init__(self, console: Console):
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
        # A whole task would show as finished.
        done = f"{share:.0%}" if share else ""
        self._progress.update(self._task, completed=min(share, 0.99), done=done)

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=1, done="")
