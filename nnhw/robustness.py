"""How far the answers of a design fall where its hardware errs: trials of its golden model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from statistics import fmean, stdev
from typing import Any

from .data import Data, load_data
from .design import read_design
from .errors import DataError
from .golden import Noise, NoisyModel
from .inference import blamed
from .ir import load_graph
from .report import Accuracy, measure_accuracy, run_real

FIGURES = {
    "integer_top1": ("top-1 accuracy", "%"),
    "agreement": ("same answer as without noise", "%"),
    "sqnr_db": ("SQNR", " dB"),
}
"""Figures of a trial: what they are called, and their units."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A figure over all trials; the standard deviation of one trial is zero."""

    mean: float
    deviation: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """What noise makes of the answers of a design.

    Parameters
    ----------
    noise
        How much the hardware errs.
    top1_without
        Accuracy in per cent of hardware without noise; None without labels of classes.
    trials
        Answers of pieces of hardware, each with weights of its own, beside those of hardware
        without noise.
    """

    noise: Noise
    top1_without: float | None
    trials: tuple[Accuracy, ...]

    @property
    def samples(self) -> int:
        """Samples of a trial."""
        return self.trials[0].samples

    @property
    def figures(self) -> dict[str, Summary]:
        """The figures that all trials have, by name as in `FIGURES`."""
        found = {}
        for name in FIGURES:
            values = [getattr(trial, name) for trial in self.trials]
            if None not in values:
                found[name] = Summary(
                    mean=fmean(values),
                    deviation=stdev(values) if len(values) > 1 else 0.0,
                    least=min(values),
                    most=max(values),
                )
        return found

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "noise": asdict(self.noise),
            "samples": self.samples,
            "top1_percent_without": self.top1_without,
            "figures": {name: asdict(summary) for name, summary in self.figures.items()},
            "trials": [{name: getattr(t, name) for name in FIGURES} for t in self.trials],
        }


def measure_robustness(
    design: str | PathLike[str],
    data: Data,
    *,
    noise: Noise | Mapping[str, float],
    trials: int = 10,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Run the golden model of an exported design with noise, again and again.

    Parameters
    ----------
    design
        Folder that `build` wrote.
    data
        Samples, and optionally labels, in any form that `nnhw.build` takes.
    noise
        A `Noise`, or its levels by name.
    trials
        Pieces of hardware to try, each with weights that are wrong in another way.
    seed
        Of all that is drawn at random: trial i of a seed is always the same.
    progress
        Called with the number of trials that are done, and of all.

    Raises
    ------
    ExportError
        If the folder holds no design of this version of nnhw, or a data file of it has changed.
    DataError
        If the data does not fit the design, or a level of noise is unknown or no level.
    """
    levels = noise if isinstance(noise, Noise) else noise_of(noise)
    if trials < 1:
        raise DataError(f"Noise needs at least one trial, not {trials}")
    exported = read_design(design)
    graph = load_graph(exported.golden)
    found: list[Accuracy] = []
    with blamed(exported.golden):
        samples = load_data(data, graph)
        exact = run_real(graph, samples.x)
        for trial in range(trials):
            if progress is not None:
                progress(trial, trials)
            hardware = NoisyModel(graph, levels, seed=[seed, trial])
            found.append(measure_accuracy(exact, graph, samples, run=hardware.run))
    return Robustness(noise=levels, top1_without=found[0].float_top1, trials=tuple(found))


def noise_of(levels: Mapping[str, float]) -> Noise:
    """Noise of these levels, the others being zero.

    Raises
    ------
    DataError
        If there is no noise of a name, or a level is none.
    """
    names = [field.name for field in dataclasses.fields(Noise)]
    for name in levels:
        if name not in names:
            raise DataError(f"There is no noise '{name}'; known are {', '.join(names)}")
    return Noise(**levels)
