"""How far a run has come, in a file from which it goes on after whatever ended it."""

from __future__ import annotations

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
        The epoch of the least loss on validation samples.
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
    best_state: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    graph: Graph | None = None


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
                f"Checkpoint {self.path} is of a run with another model, other data or options; "
                f"{advice}"
            )
        return progress


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
