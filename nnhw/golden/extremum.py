"""The larger or the smaller one of two tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QExtremum, Quantization, Tensor, requantize
from .check_range import check_range
from .executions import executes


@executes(QExtremum)
def extremum(
    node: QExtremum,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    """Both operands brought to the scale of 2**-shift output steps, compared, requantized.

    Returns
    -------
    numpy.ndarray
        int64, the shape of either operand.

    Raises
    ------
    QuantizationError
        If a product may leave the range of int64.
    """
    terms = []
    for x, source, factor in zip(inputs, sources, node.requantize.multiplier.tolist(), strict=True):
        check_range(node, node.requantize, (source.hi - source.lo) * factor)
        terms.append((x.astype(np.int64) - source.zero_point) * factor)
    p = np.maximum(*terms) if node.which == "max" else np.minimum(*terms)
    return requantize(p, node.requantize, output.q.zero_point, node.requantize.shift[0])
