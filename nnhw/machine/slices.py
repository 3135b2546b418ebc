"""Weights in slices: columns as narrow as most weights are, of which wider weights take two.

Bit-slicing: Shafiee et al., "ISAAC: A Convolutional Neural Network Accelerator with In-Situ Analog
Arithmetic in Crossbars" (ISCA 2016), for columns; Sharma et al., "Bit Fusion" (ISCA 2018), for
multipliers that are joined where a layer needs wide ones.
"""

from __future__ import annotations

import numpy as np

SLICE_BITS = 4
"""Bits of a lower slice, signed; the upper one counts 2**SLICE_BITS times."""

WHOLE_BITS = 5
"""Bits of the widest weights that need no slices, and of an upper slice, both without the least
number of so many bits."""

_LEAST_WHOLE, _MOST_WHOLE = -(1 << WHOLE_BITS - 1) + 1, (1 << WHOLE_BITS - 1) - 1
_UPPER = 1 << SLICE_BITS - 1
SLICED = (-(_UPPER << SLICE_BITS) - _UPPER, (_UPPER << SLICE_BITS) + _UPPER - 1)
"""Least and largest weight that can be held in two slices: upper ones from -8 to 8."""


def needs_slices(weight: np.ndarray) -> bool:
    """Whether weights are too wide for a column of `WHOLE_BITS`."""
    return bool(weight.min() < _LEAST_WHOLE or weight.max() > _MOST_WHOLE)


def slices_of(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper slices: weight = lower + 2**SLICE_BITS * upper, lower from -8 to 7.

    Both of the weights' type.
    """
    wide = weight.astype(np.int32)
    upper = (wide + _UPPER) >> SLICE_BITS
    lower = wide - (upper << SLICE_BITS)
    return lower.astype(weight.dtype), upper.astype(weight.dtype)
