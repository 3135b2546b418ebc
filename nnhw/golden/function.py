"""Functions of one number, looked up in a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QFunction, Quantization, Tensor
from .executions import executes


@executes(QFunction)
def function(
    node: QFunction, inputs: Sequence[np.ndarray], sources: Sequence[Quantization], output: Tensor
) -> np.ndarray:
    """Entries of the table for q; int8 of the shape of the input."""
    (x,), (source,) = inputs, sources
    return node.table[x.astype(np.int64) - source.lo]
