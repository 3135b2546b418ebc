"""Convolution: exact sums of products, with the gradients of a convolution of real numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...ir import QConv, Quantization, Tensor, Window
from .arrays import constant
from .executions import imitates
from .straight_through import requantize
from .sums import Geometry, sums_of_products
from .windows import pad


@imitates(QConv)
def conv(
    node: QConv, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """Output of a convolution of fixed weights."""
    (x,), (source,) = inputs, sources
    weight = constant(node.weight, torch.float64).permute(0, 3, 1, 2)
    bias = constant(node.bias, torch.float64)
    acc, largest = accumulate(x, weight, bias, node.window, node.groups, source)
    constants = node.requantize
    return requantize(
        acc,
        by_channel(constant(constants.multiplier)),
        by_channel(constant(constants.shift)),
        output.q.zero_point,
        constants.lo,
        constants.hi,
        largest=largest,
    )


def by_channel(values: torch.Tensor) -> torch.Tensor:
    """(channels,) as it is broadcast to (N, C, H, W)."""
    return values[:, None, None]


def accumulate(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    window: Window,
    groups: int,
    source: Quantization,
) -> tuple[torch.Tensor, float]:
    """bias + sum of weight * (x - zero point of x), exactly where all are integers.

    Parameters
    ----------
    x
        float32 (N, C, H, W), q of the input.
    weight
        float64 (out, in // groups, kernel rows, kernel columns).
    bias
        float64 (out,).
    groups
        1, or the number of channels (depthwise).
    source
        Quantization of the input.

    Returns
    -------
    tuple
        (N, out, OH, OW), float32 or float64; and what no partial sum's magnitude exceeds, as the
        weights prove.
    """
    step = max(source.hi - source.zero_point, source.zero_point - source.lo)
    magnitudes = weight.detach().abs().sum((1, 2, 3)) * step
    products = float(magnitudes.max())
    largest = float((magnitudes + bias.detach().abs()).max())
    top, left, bottom, right = window.pads
    centred = x - source.zero_point
    padding = (top, left)
    if padding != (bottom, right):
        centred, padding = pad(centred, window, 0.0), (0, 0)
    geometry = Geometry(window.stride, padding, window.dilation, groups)
    return sums_of_products(centred, weight, bias, geometry, products, largest), largest
