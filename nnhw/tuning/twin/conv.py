"""Convolution: exact sums of products, with the gradients of a convolution of real numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn.functional import unfold
from torch.nn.grad import conv2d_input, conv2d_weight

from ...ir import QConv, Quantization, Tensor, Window
from .arrays import constant
from .executions import imitates
from .straight_through import requantize
from .windows import pad

_FLOAT32 = 1 << 24
"""Up to it float32 adds integers exactly, in any order."""


@imitates(QConv)
def conv(
    node: QConv, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """Output of a convolution of fixed weights."""
    (x,), (source,) = inputs, sources
    weight = constant(node.weight, torch.float64).permute(0, 3, 1, 2)
    bias = constant(node.bias, torch.float64)
    acc = accumulate(x, weight, bias, node.window, node.groups, source)
    constants = node.requantize
    return requantize(
        acc,
        by_channel(constant(constants.multiplier)),
        by_channel(constant(constants.shift)),
        output.q.zero_point,
        constants.lo,
        constants.hi,
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
) -> torch.Tensor:
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
    torch.Tensor
        float64 (N, out, OH, OW).
    """
    step = max(source.hi - source.zero_point, source.zero_point - source.lo)
    largest = float(weight.detach().abs().sum((1, 2, 3)).max()) * step
    dtype = torch.float32 if largest < _FLOAT32 else torch.float64
    padded = pad(x - source.zero_point, window, 0.0).to(dtype)
    geometry = replace(window, pads=(0, 0, 0, 0))
    kernel = weight.to(dtype)
    if groups == 1:
        total = _SumOfProducts.apply(padded, kernel, geometry)
    else:
        total = _depthwise(padded, kernel, geometry)
    return total.double() + by_channel(bias)


class _SumOfProducts(torch.autograd.Function):
    """A convolution as a matrix product of copied windows."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, window: Window) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.window = window
        out = len(weight)
        if x.shape[2:] == weight.shape[2:] and window.dilation == (1, 1):
            return (x.flatten(1) @ weight.flatten(1).T)[:, :, None, None]
        if window.is_pointwise:
            columns = x.flatten(2)
        else:
            columns = unfold(x, window.kernel, dilation=window.dilation, stride=window.stride)
        size = window.output_size(*x.shape[2:])
        return (weight.reshape(out, -1) @ columns).reshape(len(x), out, *size)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        (grad,) = grads
        geometry = {"stride": ctx.window.stride, "dilation": ctx.window.dilation}
        to_x = to_weight = None
        if ctx.needs_input_grad[0]:
            to_x = conv2d_input(x.shape, weight, grad, **geometry)
        if ctx.needs_input_grad[1]:
            to_weight = conv2d_weight(x, weight.shape, grad, **geometry)
        return to_x, to_weight, None


def _depthwise(x: torch.Tensor, weight: torch.Tensor, window: Window) -> torch.Tensor:
    """Tap by tap, so that nothing is copied."""
    rows, cols = window.output_size(*x.shape[2:])
    total = x.new_zeros(())
    for row, col in np.ndindex(window.kernel):
        down, right = row * window.dilation[0], col * window.dilation[1]
        taken = x[
            :,
            :,
            down : down + (rows - 1) * window.stride[0] + 1 : window.stride[0],
            right : right + (cols - 1) * window.stride[1] + 1 : window.stride[1],
        ]
        total = total + taken * by_channel(weight[:, 0, row, col])
    return total
