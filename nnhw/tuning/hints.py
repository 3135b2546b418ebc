"""Hints: what hidden layers of the float network say, where its answers alone say too little.

Hidden layers of the tuned network are pulled towards those of the float one (Romero et al.,
"FitNets: Hints for Thin Deep Nets", 2015), with a weight that falls to zero before the end, so that
the answers alone have the last word.
"""

from __future__ import annotations

import numpy as np
import torch

from ..ir import Batch
from ..options import TuneOptions
from ..quantize import run_float
from .network import Network
from .splits import Splits

FEW = 1000
"""Samples to learn from, up to which there are hints unless the option says otherwise: they helped
with 240 and 359 samples, and no more with 720."""

_MEASURED = 64
"""Samples that variances are of."""

_ENDS = 0.7
"""Share of the run after which there are none."""


class Hints:
    """The distance of hidden layers from those of the float network.

    Parameters
    ----------
    network
        What is tuned. Its float graph gives the hints: it must have all channels.
    splits, options
        Samples, and whether there are hints.
    """

    def __init__(self, network: Network, splits: Splits, options: TuneOptions):
        self._network, self._epochs = network, options.epochs
        is_few = len(splits.train) <= FEW and options.teacher and not options.prunes
        self._is_given = options.hints == "on" or (options.hints == "auto" and is_few)
        self._variance: dict[str, float] = {}
        if self._is_given:
            seen = self._told(splits.calibration.x[:_MEASURED])
            self._variance = {name: float(np.var(array)) or 1.0 for name, array in seen.items()}

    def tensors(self, progress: float) -> tuple[str, ...]:
        """Those that are compared at a time, in epochs since the beginning."""
        return tuple(self._variance) if self._weight(progress) else ()

    def loss(self, found: dict[str, torch.Tensor], x: Batch, progress: float) -> torch.Tensor:
        """Weight times the mean of squared errors of layers over the float layers' variance.

        Parameters
        ----------
        found
            Real values (N, C, H, W) of `tensors`.
        x
            The samples.
        """
        told = self._told(x)
        terms = []
        for name, variance in self._variance.items():
            wanted = torch.from_numpy(np.ascontiguousarray(told[name].transpose(0, 3, 1, 2)))
            terms.append((found[name] - wanted).square().mean() / variance)
        return self._weight(progress) * torch.stack(terms).mean()

    def _weight(self, progress: float) -> float:
        return max(0.0, 1 - progress / (_ENDS * self._epochs)) if self._is_given else 0.0

    def _told(self, x: Batch | np.ndarray) -> dict[str, np.ndarray]:
        names = self._network.hidden
        return run_float(self._network.float_graph, x, names) if names else {}
