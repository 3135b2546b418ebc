"""The designs that no other one is better than in everything."""

from __future__ import annotations

import numpy as np


def pareto_front(losses: np.ndarray) -> np.ndarray:
    """Which points are on the Pareto front.

    Parameters
    ----------
    losses
        (points, objectives); less is better.

    Returns
    -------
    ndarray
        bool (points,): no other point is at least as good in everything and better in something.
        Of equal points, the first one is.
    """
    count = len(losses)
    on_front = np.zeros(count, bool)
    for place in range(count):
        own = losses[place]
        no_worse = np.all(losses <= own, axis=1)
        better = np.any(losses < own, axis=1)
        equal_before = np.all(losses[:place] == own, axis=1).any()
        on_front[place] = not (no_worse & better).any() and not equal_before
    return on_front
