"""How far a run has come, in a file from which it goes on after whatever ended it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..errors import ExportError, reading


@dataclass
class Progress:
    """What a run has made so far.

    Parameters
    ----------
    history
        What there is to say of each epoch, the untuned network's first.
    best
        The epoch of the least loss on validation samples.
    best_state, state
        Parameters of the network then and now.
    optimizer
        The optimizer's state.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best: int = 0
    best_state: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """The file.

    Parameters
    ----------
    path
        Where it is.
    run
        All that the run's result depends on, as text: a file of another run is refused.
    """

    path: Path
    run: str

    def save(self, progress: Progress) -> None:
        """Replace the file; whenever the process is killed, the old one or the new one is there."""
        partial = self.path.with_name(f".{self.path.name}.partial")
        torch.save({"run": self.run, **vars(progress)}, partial)
        os.replace(partial, self.path)

    def load(self) -> Progress | None:
        """What the file has; None if there is none.

        Raises
        ------
        ExportError
            If it is damaged, or of another run.
        """
        if not self.path.exists():
            return None
        advice = "give --force (force=True) to begin anew, or another --out"
        with reading(f"Checkpoint {self.path}", ExportError, advice):
            values = torch.load(self.path, weights_only=True)
            run = values.pop("run")
            progress = Progress(**values)
        if run != self.run:
            raise ExportError(
                f"Checkpoint {self.path} is of a run with another model, other data or options; "
                f"{advice}"
            )
        return progress
