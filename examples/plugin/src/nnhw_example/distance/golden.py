"""The golden model: what hardware is compared with. It knows nothing of the hardware."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnhw.golden import executes
from nnhw.ir import Quantization, Tensor, requantize

from .contract import QDistance


@executes(QDistance)
def distance(
    node: QDistance,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    """Both operands brought to the scale of 2**-shift output steps, and their distance rounded."""
    a, b = (
        (x.astype(np.int64) - source.zero_point) * factor
        for x, source, factor in zip(inputs, sources, node.requantize.multiplier, strict=True)
    )
    return requantize(np.abs(a - b), node.requantize, output.q.zero_point, node.requantize.shift[0])
