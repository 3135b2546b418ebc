"""Addition of two tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QAdd, Quantization, Tensor, requantize
from .check_range import check_range
from .executions import executes


@executes(QAdd)
def add(
    node: QAdd,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    """Both operands brought to the scale of 2**-shift output steps, added, requantized.

    Returns
    -------
    numpy.ndarray
        int64, the shape of either operand.

    Raises
    ------
    QuantizationError
        If the sum may leave the range of int64.
    """
    a, b = inputs
    multipliers = node.requantize.multiplier.tolist()
    spans = [source.hi - source.lo for source in sources]
    check_range(node, node.requantize, spans[0] * multipliers[0] + spans[1] * multipliers[1])
    p = (a.astype(np.int64) - sources[0].zero_point) * multipliers[0]
    p += (b.astype(np.int64) - sources[1].zero_point) * multipliers[1]
    return requantize(p, node.requantize, output.q.zero_point, node.requantize.shift[0])
