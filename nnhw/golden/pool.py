"""Max and average pooling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QAveragePool, QMaxPool, Quantization, Tensor, requantize
from ..ir.patches import pad, reduce_windows
from .check_range import check_range
from .executions import executes


@executes(QMaxPool)
def max_pool(
    node: QMaxPool, inputs: Sequence[np.ndarray], sources: Sequence[Quantization], output: Tensor
) -> np.ndarray:
    """Largest q within each window, clamped; int8 or uint8 as the input, (N, OH, OW, C)."""
    (x,), (source,) = inputs, sources
    padded = pad(x, node.window, source.lo)  # nothing is below `lo`
    y = reduce_windows(padded, node.window, np.maximum)
    return np.clip(y, node.lo, node.hi, out=y)


@executes(QAveragePool)
def average_pool(
    node: QAveragePool,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    """Sums over the windows, requantized position by position; int64 (N, OH, OW, C).

    Raises
    ------
    QuantizationError
        If the product with the multiplier may leave the range of int64.
    """
    (x,), (source,) = inputs, sources
    rows, cols = node.window.kernel
    largest_acc = rows * cols * (source.hi - source.lo)
    check_range(node, node.requantize, largest_acc * int(node.requantize.multiplier.max()))
    centred = x.astype(np.int64) - source.zero_point
    acc = reduce_windows(pad(centred, node.window, 0), node.window, np.add)
    constants = node.requantize
    p = acc * constants.multiplier[:, :, None]
    return requantize(p, constants, output.q.zero_point, constants.shift[:, :, None])
