"""How far a run has come, in a file from which it goes on after whatever ended it."""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import ExportError, reading
from ..ir import Graph, load_graph, save_graph


@dataclass
class Progress:
    """What a run has made so far.

    Parameters
    ----------
    history
        What there is to say of each epoch, the untuned network's first; with pruning, of the
        epochs since channels were removed last.
    best
        The epoch that is taken: see `add`.
    losses
        Of each validation sample, in the epoch of the least loss.
    best_state, state
        Parameters of the network then and now.
    optimizer
        The optimizer's state.
    rounds
        What there is to say of each round of pruning, first of the network with all channels.
    graph
        The float graph that the epochs began with, where channels have been removed.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best: int = 0
    losses: torch.Tensor | None = None
    best_state: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    graph: Graph | None = None

    @property
    def least_loss(self) -> float:
        """On validation samples, of all epochs."""
        return min(epoch["val_loss"] for epoch in self.history)

    @property
    def least(self) -> int:
        """The first epoch of it."""
        return [epoch["val_loss"] for epoch in self.history].index(self.least_loss)

    def add(self, losses: torch.Tensor, **figures: float) -> bool:
        """Add an epoch to the history; whether it is the one that is taken by now.

        That is the last one whose loss does not exceed the least by more than the standard error of
        the difference (Breiman et al., "Classification and Regression Trees", 1984, section 3.4):
        where validation samples are few, the least loss is so by chance, and the learning rate has
        fallen since. The untuned network, epoch 0, is taken unless an epoch has a smaller loss.

        Parameters
        ----------
        losses
            Of each validation sample, float64 (N,).
        figures
            What else there is to say of the epoch.
        """
        self.history.append({**figures, "val_loss": float(losses.mean())})
        last = len(self.history) - 1
        if self.least == last:
            self.losses = losses
        elif not self.least or not _is_as_good(losses, self.losses):
            return False
        self.best = last
        return True


def _is_as_good(losses: torch.Tensor, least: torch.Tensor | None) -> bool:
    """Whether losses exceed others of the same samples by no more than the standard error."""
    assert least is not None
    worse = losses - least
    return len(worse) > 1 and bool(worse.mean() <= worse.std() / math.sqrt(len(worse)))


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
        values = {**vars(progress), "graph": _packed(progress.graph)}
        torch.save({"run": self.run, **values}, partial)
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
            progress = Progress(**{**values, "graph": _unpacked(values["graph"])})
        if run != self.run:
            raise ExportError(
                f"Checkpoint {self.path} is of a run with another model, other data or options, or "
                f"of another version; {advice}"
            )
        return progress

    def remove(self) -> None:
        """Remove the file, if it is there."""
        self.path.unlink(missing_ok=True)


def _packed(graph: Graph | None) -> torch.Tensor | None:
    """A graph as the bytes of its file."""
    if graph is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.npz")
        save_graph(graph, path)
        return torch.from_numpy(np.fromfile(path, np.uint8))


def _unpacked(data: torch.Tensor | None) -> Graph | None:
    if data is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.npz")
        data.numpy().tofile(path)
        return load_graph(path)
