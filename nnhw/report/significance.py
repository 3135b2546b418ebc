"""Whether what a few samples show can be chance."""

from __future__ import annotations

import math

import numpy as np


def at_least(hits: int, trials: int, probability: float) -> float:
    """Probability of so many hits or more, each of which has the same probability."""
    if hits <= 0:
        return 1.0
    if not 0 < probability < 1:
        return 1.0 if probability >= 1 and hits <= trials else 0.0
    counts = range(hits, trials + 1)
    logs = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(probability)
        + (trials - k) * math.log1p(-probability)
        for k in counts
    ]
    return min(1.0, float(np.exp(logs).sum()))


def at_most(hits: int, trials: int, probability: float) -> float:
    """Probability of so many hits or fewer."""
    return at_least(trials - hits, trials, 1 - probability)
