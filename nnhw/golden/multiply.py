"""Multiplication of two tensors."""

from __future__ import annotations

import numpy as np

from ..ir import QMultiply, Quantization
from .requantize import check_range, requantize


def multiply(
    node: QMultiply,
    a: np.ndarray,
    b: np.ndarray,
    sources: tuple[Quantization, Quantization],
    target: Quantization,
) -> np.ndarray:
    """Products of the two operands' distances from zero, requantized.

    Returns
    -------
    numpy.ndarray
        int64, the shape of `a` and `b`.

    Raises
    ------
    QuantizationError
        If the product with the multiplier may leave the range of int64.
    """
    constants = node.requantize
    spans = [source.hi - source.lo for source in sources]
    check_range(node, constants, spans[0] * spans[1] * int(constants.multiplier[0]))
    acc = a.astype(np.int64) - sources[0].zero_point
    acc *= b.astype(np.int64) - sources[1].zero_point
    return requantize(acc * constants.multiplier[0], constants, target.zero_point)
