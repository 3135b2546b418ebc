"""Convolution: exact accumulation by way of floating-point matrix products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QConv, Quantization, Tensor, requantize
from ..ir.patches import pad, patches
from .check_range import check_range
from .executions import executes


@executes(QConv)
def conv(
    node: QConv, inputs: Sequence[np.ndarray], sources: Sequence[Quantization], output: Tensor
) -> np.ndarray:
    """Output of a convolution.

    Returns
    -------
    numpy.ndarray
        int64 (N, OH, OW, out).

    Raises
    ------
    QuantizationError
        If the product with the multiplier may leave the range of int64.
    """
    (x,), (source,) = inputs, sources
    largest = _largest_sum(node, source)
    largest_acc = largest + int(np.abs(node.bias).max())
    check_range(node, node.requantize, largest_acc * int(node.requantize.multiplier.max()))
    total = sum_of_products(node, x, source, node.weight.astype(exact_type(largest)))
    acc = total.astype(np.int64) + node.bias
    return requantize(acc * node.requantize.multiplier, node.requantize, output.q.zero_point)


def exact_type(largest: int) -> type[np.floating]:
    """The floating-point type that adds integers exactly, in any order, up to `largest`.

    Integers up to 2**24 are exact in float32, up to 2**53 in float64. The latter is reached by
    8-bit operands only from 2**38 taps on.
    """
    return np.float32 if largest < 1 << 24 else np.float64


def _largest_sum(node: QConv, source: Quantization) -> int:
    """Bound of every partial sum of weight * (x - zero point)."""
    step = max(source.hi - source.zero_point, source.zero_point - source.lo)
    taps = np.abs(node.weight.astype(np.int64)).sum(axis=(1, 2, 3))
    return int(taps.max()) * step


def sum_of_products(
    node: QConv, x: np.ndarray, source: Quantization, weight: np.ndarray
) -> np.ndarray:
    """Sums of weight * (x - zero point of x), computed and returned in the type of the weights.

    Parameters
    ----------
    weight
        Floating-point, of the shape of `node.weight`.

    Returns
    -------
    numpy.ndarray
        (N, OH, OW, out).
    """
    centred = x.astype(weight.dtype) - source.zero_point
    windows = patches(pad(centred, node.window, 0), node.window)
    if node.groups == 1:
        matrix = windows.reshape(-1, weight[0].size)
        total = matrix @ weight.reshape(len(weight), -1).T
        return total.reshape(*windows.shape[:3], -1)
    total = np.zeros((*windows.shape[:3], len(weight)), weight.dtype)
    for row, col in np.ndindex(node.window.kernel):
        total += windows[:, :, :, row, col, :] * weight[:, row, col, 0]
    return total
