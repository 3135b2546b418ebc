"""Operations whose results are integers, and whose gradients are those of real numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ...errors import QuantizationError

EXACT = 1 << 53
"""Below it every integer is a float64 number."""

_LARGEST = 1 << 62
"""From there on the golden model refuses a network, too."""

_CACHED = 1 << 16
"""Elements that are computed at a time."""


class _Substitute(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, carrier: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        return grads[0], None


def substitute(carrier: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """`value`, exactly, with the gradient of `carrier`, of the same shape and type."""
    return _Substitute.apply(carrier, value.detach())


def rounded(x: torch.Tensor) -> torch.Tensor:
    """The nearest integers, ties to even; the gradient is one."""
    return substitute(x, torch.round(x))


class _Requantize(torch.autograd.Function):
    """On rows of memory, a sample each, a few of which are computed at a time."""

    @staticmethod
    def forward(
        ctx: Any,
        acc: torch.Tensor,
        factor: torch.Tensor,
        multiplier: torch.Tensor,
        shift: torch.Tensor,
        bounds: tuple[int, int, int],
        largest: float,
    ) -> torch.Tensor:
        zero_point, lo, hi = bounds
        shape = acc.shape
        sums = _rows(acc)
        exact = _row(multiplier * _inverse_power(shift), shape)
        wide = [] if largest < EXACT else [_row(values, shape) for values in (multiplier, shift)]
        y, inside = (torch.empty(sums.shape, dtype=torch.float32) for _ in range(2))
        for part in _parts(sums):
            # What float32 rounds is outside of the bounds, and stays there.
            if wide:
                inside[part] = _round_shift(sums[part].long() * wide[0], wide[1])
            else:
                inside[part] = (sums[part].double() * exact).round_()
            torch.clamp(inside[part], lo - zero_point, hi - zero_point, out=y[part])
            inside[part].eq_(y[part])
            y[part].add_(zero_point)
        ctx.save_for_backward(acc, factor, inside)
        return _columns(y, shape)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        acc, factor, inside = ctx.saved_tensors
        shape = acc.shape
        sums, grad = _rows(acc), _rows(grads[0])
        slope = _row(factor.float(), shape)
        to_acc = torch.empty_like(sums) if ctx.needs_input_grad[0] else None
        by_place = torch.zeros(slope.shape, dtype=sums.dtype)
        for part in _parts(sums):
            passed = grad[part] * inside[part]
            if ctx.needs_input_grad[1]:
                by_place += (passed * sums[part]).sum(0)
            if to_acc is not None:
                torch.mul(passed, slope, out=to_acc[part])
        to_factor = None
        if ctx.needs_input_grad[1]:
            one = (1, *shape[1:])
            to_factor = _columns(by_place[None], one)[0].sum_to_size(factor.shape).double()
        return None if to_acc is None else _columns(to_acc, shape), to_factor, *[None] * 4


def _rows(x: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W), channels last in memory, as (N, H * W * C)."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def _columns(rows: torch.Tensor, shape: torch.Size | tuple[int, ...]) -> torch.Tensor:
    """What `_rows` had, (N, C, H, W), of rows."""
    count, channels, height, width = shape
    return rows.reshape(count, height, width, channels).permute(0, 3, 1, 2)


def _row(values: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """What is broadcast to (N, C, H, W) as it is broadcast to its rows: (H * W * C,)."""
    return _rows(values.expand(1, *shape[1:]))[0]


def _parts(rows: torch.Tensor) -> Iterator[slice]:
    """As many rows at a time as fit into a processor's cache."""
    count = max(1, _CACHED // max(1, rows[0].numel())) if len(rows) else 1
    for start in range(0, len(rows), count):
        yield slice(start, start + count)


def requantize(
    acc: torch.Tensor,
    multiplier: torch.Tensor,
    shift: torch.Tensor,
    zero_point: int,
    lo: int,
    hi: int,
    factor: torch.Tensor | None = None,
    largest: float | None = None,
) -> torch.Tensor:
    """clamp(round(acc * multiplier / 2**shift) + zero_point, lo, hi), exactly.

    Parameters
    ----------
    acc
        Integers of magnitude below 2**53, float32 or float64, (N, C, H, W).
    multiplier, shift
        int64, broadcastable to `acc`.
    factor
        float64, of the shape of `multiplier` and the value of multiplier / 2**shift: where the
        gradient of that goes; None if nowhere.
    largest
        What no magnitude of `acc` exceeds, if it is known.

    Returns
    -------
    torch.Tensor
        float32.

    Raises
    ------
    QuantizationError
        If a product takes more than 62 bits.
    """
    if factor is None:
        factor = multiplier * _inverse_power(shift)
    most = int(multiplier.max())
    product = EXACT if largest is None else int(largest) * most
    if product >= EXACT:
        product = int(acc.detach().abs().max()) * most
    if product >= _LARGEST:
        raise QuantizationError(
            f"Requantization reaches {product}, more than 62 bits: use fewer multiplier bits"
        )
    return _Requantize.apply(acc, factor, multiplier, shift, (zero_point, lo, hi), product)


def _inverse_power(shift: torch.Tensor) -> torch.Tensor:
    """2**-shift in float64; exactly, which PyTorch's own powers do not promise."""
    return torch.tensor(np.ldexp(1.0, -shift.numpy()))


def _round_shift(p: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """round(p / 2**shift), ties to even, in int64: half of the divisor is added, or one less than
    half where the floor is even."""
    below_half = (torch.ones_like(shift) << (shift - 1)) - 1
    return (p + below_half + ((p >> shift) & 1)) >> shift
