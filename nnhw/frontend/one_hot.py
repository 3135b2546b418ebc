"""Weights that pick channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..budget import need_memory
from .network_size import MADE_UP_WEIGHT_BYTES


def one_hot(what: str, picks: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """float64 (len(picks), size): in each row a one where it picks.

    Parameters
    ----------
    what
        The node, to begin a sentence.
    picks
        Which of `size` channels each row is.

    Raises
    ------
    BudgetError
        If that is more than the budget allows.
    """
    admit_weights(what, (len(picks), size))
    weight = np.zeros((len(picks), size))
    weight[np.arange(len(picks)), picks] = 1
    return weight


def admit_weights(what: str, shape: Sequence[int]) -> None:
    """Refuse weights that are made up by a node, if they are too many.

    Raises
    ------
    BudgetError
        If they are more than the budget allows.
    """
    need_memory(
        f"{what}, which becomes a convolution with weights of shape {tuple(shape)},",
        MADE_UP_WEIGHT_BYTES * math.prod(shape),
    )
