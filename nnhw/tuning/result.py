"""What a run has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..ir import Graph
from ..options import TuneOptions

_WORTH_A_WARNING = 1.1
"""Of the least loss on validation samples, by which it may rise again."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round of pruning; the first one is the network with all channels.

    Parameters
    ----------
    interval_cycles, latency_cycles
        Clock cycles from frame to frame, and of one frame, by the exact cycle model.
    memory_bits
        Bits of all memories of the design.
    weights
        Their number.
    pruned_figure, figure
        The figure on validation samples without training since channels were removed, and with it.
    """

    interval_cycles: int
    latency_cycles: int
    memory_bits: int
    weights: int
    pruned_figure: float
    figure: float


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A search for the settings of a run.

    Parameters
    ----------
    sampler
        What chose them.
    trials, stopped
        How many there were, and how many of them did not come to their end.
    best
        Number of the trial with the least loss on validation samples.
    settings
        Its values, by option.
    page, study
        Files: HTML, and Optuna's study.
    """

    sampler: str
    trials: int
    stopped: int
    best: int
    settings: Mapping[str, Any]
    page: Path
    study: Path


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """A tuned network.

    Parameters
    ----------
    path
        The QDQ file, for `nnhw.build`.
    page
        Curves, splits and options, as HTML.
    checkpoint
        From which the run goes on, or tells its result again.
    graph
        The integer network.
    history
        Of the untuned network and of every epoch: learning rate at its beginning, losses on
        training and validation samples, and the figure on validation samples. With pruning it
        begins after the last channels were removed.
    best_epoch
        The one whose network this is, by the loss on validation samples; 0 is the untuned
        network.
    figure
        What the figure is.
    samples
        Numbers of samples that were trained on, calibrated with (part of the former), and chosen
        by.
    rounds
        Of pruning; empty without it.
    searched
        How settings were found; None without a search.
    options
        What was asked for, with the settings that were found.
    warnings
        What is to be warned of.
    """

    path: Path
    page: Path
    checkpoint: Path
    graph: Graph
    history: tuple[Mapping[str, float], ...]
    best_epoch: int
    figure: str
    samples: Mapping[str, int]
    rounds: tuple[Round, ...]
    searched: Searched | None
    options: TuneOptions
    warnings: tuple[str, ...]

    @property
    def before(self) -> float:
        """The figure of the untuned integer network with all channels, on validation samples."""
        return self.rounds[0].figure if self.rounds else self.history[0]["figure"]

    @property
    def after(self) -> float:
        """The figure of the tuned one."""
        return self.history[self.best_epoch]["figure"]

    def to_dict(self) -> dict[str, Any]:
        """All but the network, for JSON."""
        return {
            "path": str(self.path),
            "page": str(self.page),
            "checkpoint": str(self.checkpoint),
            "figure": self.figure,
            "before": self.before,
            "after": self.after,
            "best_epoch": self.best_epoch,
            "samples": dict(self.samples),
            "history": [
                {name: None if value != value else value for name, value in epoch.items()}
                for epoch in self.history
            ],
            "rounds": [asdict(each) for each in self.rounds],
            "searched": None if self.searched is None else asdict(self.searched),
            "warnings": list(self.warnings),
            "options": self.options.to_dict(),
        }


def rounds_table(result: TuneResult) -> list[tuple[str, ...]]:
    """Rounds of pruning in rows of texts, headings first; empty without them."""
    if not result.rounds:
        return []
    names = ("round", "cycles a frame", "memory bits", "weights", "untrained", result.figure)
    rows = [
        (
            str(number) if number else "all channels",
            f"{each.interval_cycles:,}",
            f"{each.memory_bits:,}",
            f"{each.weights:,}",
            f"{each.pruned_figure:.2f}",
            f"{each.figure:.2f}",
        )
        for number, each in enumerate(result.rounds)
    ]
    return [names, *rows]


_MANY_KNOWN = 0.05
"""Share of validation samples: data have a few samples twice."""


def find_warnings(
    history: Sequence[Mapping[str, float]], best: int, *, held_out: bool, known: float = 0.0
) -> tuple[str, ...]:
    """What is to be warned of: overfitting, no gain, and samples that are not held out.

    `known`: the share of validation samples that are learned from, too.
    """
    warnings = []
    if held_out and known > _MANY_KNOWN:
        warnings.append(
            f"{100 * known:.0f}% of the validation samples are among those that were trained on: "
            "the epoch is chosen by them, and the figures tell less about others; give other "
            "samples (--val, val=)"
        )
    if not held_out:
        warnings.append(
            "There are too few samples to hold some out: the epoch is chosen by those that were "
            "trained on, and the figures tell nothing about others; give --val (val=)"
        )
    last, least = history[-1], history[best]
    rose = last["val_loss"] > _WORTH_A_WARNING * least["val_loss"]
    if best and rose and last["train_loss"] < least["train_loss"]:
        percent = 100 * (last["val_loss"] / least["val_loss"] - 1)
        warnings.append(
            f"Overfitting: after epoch {best}, which is taken, the loss on validation samples rose "
            f"by {percent:.0f}% while that on training samples fell; give more data, augment it "
            "(shift, flip, noise), or tune for fewer epochs"
        )
    if not best:
        warnings.append(
            "No epoch had a smaller loss on validation samples than the untuned network, which is "
            "written; use a smaller learning rate (lr), or more data"
        )
    return tuple(warnings)
