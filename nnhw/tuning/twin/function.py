"""Functions of one number, looked up in a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ...ir import QFunction, Quantization, Tensor
from .arrays import constant
from .executions import imitates
from .straight_through import substitute


@imitates(QFunction)
def function(
    node: QFunction, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """Entries of the table for q; the slope is that between an entry's neighbours."""
    (x,), (source,) = inputs, sources
    table = node.table.astype(np.float32)
    places = x.detach().long() - source.lo
    value = constant(table)[places]
    slope = constant(np.gradient(table))[places]
    return substitute(x * slope, value)
