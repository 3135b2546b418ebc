"""Sums of products of integers, exact by construction.

float32 adds integers exactly, in any order, while no partial sum can leave its 24 bits. This holds
for any algorithm that adds the products and nothing else: for matrix products of copied windows,
and for oneDNN's direct convolutions, which are several times faster. Algorithms that compute with
other numbers (Winograd's: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
2016) are off by several units. Which one a library takes follows from the shapes, and libraries
change. So each geometry is tried once, with operands whose sums come as close to 24 bits as they
may, and where it fails, windows are copied.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import torch
from torch.nn.functional import conv2d, unfold

_LARGEST = 1 << 24
"""Up to it, included, float32 has every integer."""

_BYTE = 255
"""Magnitude of an activation of 8 bits, less its zero point, at most."""

_SPREAD = 4
"""How far the operands of a trial differ: all alike, they would hide transforms."""


class Geometry(NamedTuple):
    """How a kernel goes over an input."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    """Rows above and below, columns left and right."""
    dilation: tuple[int, int]
    groups: int


def sums_of_products(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    geometry: Geometry,
    products: float,
    largest: float,
) -> torch.Tensor:
    """A convolution, exactly; backward in float32.

    Parameters
    ----------
    x
        float32 (N, C, H, W), integers.
    weight
        float64 (out, C // groups, kernel rows, kernel columns), integers.
    bias
        float64 (out,), integers.
    products, largest
        Bounds of the magnitudes of all partial sums without bias, and with it; below 2**53.

    Returns
    -------
    torch.Tensor
        (N, out, OH, OW), float32 if `largest` lets it hold the sums, float64 otherwise.
    """
    if largest <= _LARGEST or products > _LARGEST:
        return _SumsOfProducts.apply(x, weight.float(), bias, geometry, largest)
    # Of a channel that is all but dead, a bias is many steps of tiny weights.
    sums = _SumsOfProducts.apply(x, weight.float(), torch.zeros_like(bias), geometry, products)
    return sums.double() + bias[:, None, None]


class _SumsOfProducts(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        geometry: Geometry,
        largest: float,
    ) -> torch.Tensor:
        weight = weight.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        ctx.geometry = geometry
        if largest > _LARGEST:
            return conv2d(x.double(), weight.double(), bias, *geometry)
        if _is_dense(x, weight, geometry):
            return torch.addmm(bias.float(), x.flatten(1), weight.flatten(1).T)[:, :, None, None]
        if _is_direct(x.shape, weight.shape, geometry, torch.get_num_threads()):
            return _direct(x, weight, bias.float(), geometry)
        return _copied(x, weight, bias.float(), geometry)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grads[0].float()
        if _is_dense(x, weight, ctx.geometry):
            rows = grad.flatten(1)
            to_weight = (rows.T @ x.flatten(1)).reshape(weight.shape)
            to_x = (rows @ weight.flatten(1)).reshape(x.shape) if ctx.needs_input_grad[0] else None
            return to_x, to_weight, rows.sum(0).double(), None, None
        stride, padding, dilation, groups = ctx.geometry
        to_x, to_weight, to_bias = torch.ops.aten.convolution_backward(
            grad,
            x,
            weight,
            (len(weight),),
            stride,
            padding,
            dilation,
            False,
            (0, 0),
            groups,
            ctx.needs_input_grad[:3],
        )
        return to_x, to_weight, None if to_bias is None else to_bias.double(), None, None


def _is_dense(x: torch.Tensor, weight: torch.Tensor, geometry: Geometry) -> bool:
    """Whether a kernel covers its input in its one place."""
    once = geometry.padding == (0, 0) and geometry.dilation == (1, 1) and geometry.groups == 1
    return once and x.shape[2:] == weight.shape[2:]


def _direct(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, geometry: Geometry
) -> torch.Tensor:
    stride, padding, dilation, groups = geometry
    return torch.mkldnn_convolution(x, weight, bias, padding, stride, dilation, groups)


def _copied(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, geometry: Geometry
) -> torch.Tensor:
    """A matrix product of copied windows."""
    stride, padding, dilation, groups = geometry
    columns = unfold(x, weight.shape[2:], dilation=dilation, padding=padding, stride=stride)
    rows = weight.reshape(groups, len(weight) // groups, -1)
    total = rows @ columns.reshape(len(x), groups, rows.shape[2], -1)
    size = [
        (x.shape[2 + axis] + 2 * padding[axis] - dilation[axis] * (weight.shape[2 + axis] - 1) - 1)
        // stride[axis]
        + 1
        for axis in (0, 1)
    ]
    return total.reshape(len(x), len(weight), *size) + bias[:, None, None]


@cache
def _is_direct(x: torch.Size, weight: torch.Size, geometry: Geometry, threads: int) -> bool:
    """Whether oneDNN adds nothing but products, for operands of these shapes."""
    if not torch.backends.mkldnn.is_available():
        return False
    values, kernel, bias = at_the_limit(x, weight)
    found = _direct(values, kernel, bias, geometry)
    return torch.equal(found, _copied(values, kernel, bias, geometry))


def at_the_limit(
    x: torch.Size, weight: torch.Size
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs, weights and biases of these shapes, all but equal, whose sums come as close to the
    largest one that float32 holds as they may."""
    generator = torch.Generator().manual_seed(0)
    taps = weight[1:].numel()
    step = min(_BYTE, _LARGEST // taps)
    magnitude = _LARGEST // (step * taps)

    def near(largest: int, shape: torch.Size) -> torch.Tensor:
        least = max(largest - _SPREAD, 0)
        drawn = torch.randint(least, largest + 1, shape, generator=generator).float()
        return drawn.contiguous(memory_format=torch.channels_last)

    values, kernel = near(step, x), near(magnitude, weight)
    bias = _LARGEST - (kernel.sum((1, 2, 3)).double() * step)
    return values, kernel, bias.float()
