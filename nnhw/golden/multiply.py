"""Multiplication of two tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QMultiply, Quantization, Tensor, requantize
from .check_range import check_range
from .executions import executes


@executes(QMultiply)
def multiply(
    node: QMultiply,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    """Products of the two operands' distances from zero, requantized.

    Returns
    -------
    numpy.ndarray
        int64, the shape of either operand.

    Raises
    ------
    QuantizationError
        If the product with the multiplier may leave the range of int64.
    """
    a, b = inputs
    constants = node.requantize
    spans = [source.hi - source.lo for source in sources]
    check_range(node, constants, spans[0] * spans[1] * int(constants.multiplier[0]))
    acc = a.astype(np.int64) - sources[0].zero_point
    acc *= b.astype(np.int64) - sources[1].zero_point
    return requantize(acc * constants.multiplier[0], constants, output.q.zero_point)
