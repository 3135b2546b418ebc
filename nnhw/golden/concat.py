"""Concatenation along the channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import QConcat, Quantization, Tensor, requantize
from .check_range import check_range
from .executions import executes


@executes(QConcat)
def concat(
    node: QConcat,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    """Inputs, each requantized, side by side; int64 (N, H, W, all channels).

    Raises
    ------
    QuantizationError
        If the product with a multiplier may leave the range of int64.
    """
    parts = []
    for x, source, constants in zip(inputs, sources, node.parts, strict=True):
        check_range(node, constants, (source.hi - source.lo) * int(constants.multiplier[0]))
        p = (x.astype(np.int64) - source.zero_point) * constants.multiplier[0]
        parts.append(requantize(p, constants, output.q.zero_point))
    return np.concatenate(parts, axis=3)
