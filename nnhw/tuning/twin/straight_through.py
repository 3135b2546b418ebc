"""Operations whose results are integers, and whose gradients are those of real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...errors import QuantizationError

EXACT = 1 << 53
"""Below it every integer is a float64 number."""

_LARGEST = 1 << 62
"""From there on the golden model refuses a network, too."""


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
    @staticmethod
    def forward(
        ctx: Any,
        acc: torch.Tensor,
        factor: torch.Tensor,
        multiplier: torch.Tensor,
        shift: torch.Tensor,
        zero_point: int,
        lo: int,
        hi: int,
    ) -> torch.Tensor:
        largest = int(acc.abs().max()) * int(multiplier.max())
        if largest < EXACT:
            y = (acc.double() * multiplier).mul_(_inverse_power(shift)).round_().add_(zero_point)
        elif largest < _LARGEST:
            y = (_round_shift(acc.long() * multiplier, shift) + zero_point).double()
        else:
            raise QuantizationError(
                f"Requantization reaches {largest}, more than 62 bits: use fewer multiplier bits"
            )
        inside = (y >= lo) & (y <= hi)
        ctx.save_for_backward(acc, factor, inside)
        return y.clamp_(lo, hi).float()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        acc, factor, inside = ctx.saved_tensors
        grad = grads[0] * inside
        to_acc = (grad * factor.to(grad.dtype)).to(acc.dtype) if ctx.needs_input_grad[0] else None
        to_factor = None
        if ctx.needs_input_grad[1]:
            to_factor = (grad * acc).sum_to_size(factor.shape).to(factor.dtype)
        return to_acc, to_factor, None, None, None, None, None


def requantize(
    acc: torch.Tensor,
    multiplier: torch.Tensor,
    shift: torch.Tensor,
    zero_point: int,
    lo: int,
    hi: int,
    factor: torch.Tensor | None = None,
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
    return _Requantize.apply(acc, factor, multiplier, shift, zero_point, lo, hi)


def _inverse_power(shift: torch.Tensor) -> torch.Tensor:
    """2**-shift in float64; exactly, which PyTorch's own powers do not promise."""
    return torch.tensor(np.ldexp(1.0, -shift.numpy()))


def _round_shift(p: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """round(p / 2**shift), ties to even, in int64: half of the divisor is added, or one less than
    half where the floor is even."""
    below_half = (torch.ones_like(shift) << (shift - 1)) - 1
    return (p + below_half + ((p >> shift) & 1)) >> shift
