"""Max and average pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from ...ir import QAveragePool, QMaxPool, Quantization, Tensor
from .arrays import constant
from .executions import imitates
from .straight_through import requantize
from .windows import along, pad


@imitates(QMaxPool)
def max_pool(
    node: QMaxPool, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """Largest q within each window, clamped; equal ones share the gradient."""
    (x,), (source,) = inputs, sources
    y = pad(x, node.window, source.lo)
    for axis in (0, 1):
        y = along(y, node.window, axis).amax(-1)
    return y.clamp(node.lo, node.hi)


@imitates(QAveragePool)
def average_pool(
    node: QAveragePool,
    inputs: Sequence[torch.Tensor],
    sources: Sequence[Quantization],
    output: Tensor,
) -> torch.Tensor:
    """Sums over the windows, in float64, requantized position by position."""
    (x,), (source,) = inputs, sources
    acc = pad(x - source.zero_point, node.window, 0.0).double()
    for axis in (0, 1):
        acc = along(acc, node.window, axis).sum(-1)
    constants = node.requantize
    step = max(source.hi - source.zero_point, source.zero_point - source.lo)
    return requantize(
        acc,
        constant(constants.multiplier),
        constant(constants.shift),
        output.q.zero_point,
        *constants.bounds,
        largest=step * math.prod(node.window.kernel),
    )
