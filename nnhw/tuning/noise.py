"""Noise of hardware in training: what `nnhw.golden.NoisyModel` does, with gradients."""

from __future__ import annotations

import torch

from ..golden import Noise
from ..ir import Quantization
from .twin.straight_through import substitute


def disturbed_weights(weight: torch.Tensor, bits: int, noise: Noise) -> torch.Tensor:
    """Weights, float64 integers of so many bits, as hardware has them; drawn anew each time."""
    held = flipped(weight, bits, noise.weight_flips, signed=True)
    if not noise.weights:
        return held
    deviation = noise.weights * weight.detach().abs().max()
    return held + deviation * torch.randn(weight.shape, dtype=weight.dtype)


def disturbed_sums(
    acc: torch.Tensor, factor: torch.Tensor, output: Quantization, noise: Noise
) -> torch.Tensor:
    """Integers near the sums, which need be none.

    Parameters
    ----------
    acc
        (N, C, H, W).
    factor
        What sums are multiplied by to be steps of the output, broadcastable to `acc`.
    """
    deviation = noise.sums * (1 << output.bits) / factor.detach().clamp(min=torch.finfo().tiny)
    drawn = deviation * torch.randn(acc.shape, dtype=acc.dtype)
    return substitute(acc, torch.round(acc.detach() + drawn))


def flipped(x: torch.Tensor, bits: int, probability: float, *, signed: bool) -> torch.Tensor:
    """Integers of which each bit is the other one with a probability; the gradient is one."""
    if not probability:
        return x
    values = x.detach().to(torch.int64)
    mask = torch.zeros_like(values)
    for bit in range(bits):
        mask |= (torch.rand(values.shape) < probability).to(torch.int64) << bit
    changed = (values ^ mask) & ((1 << bits) - 1)
    if signed:
        changed -= (changed >> (bits - 1)) << bits
    return substitute(x, changed.to(x.dtype))
