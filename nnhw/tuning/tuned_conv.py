"""A convolution that is tuned."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from ..golden import Noise
from ..ir import Conv, Draft, Factors, FixedPoint, QConv, Quantization
from ..quantize import follow_ratios
from .noise import disturbed_sums, disturbed_weights
from .twin.conv import accumulate, by_channel
from .twin.straight_through import requantize, rounded, substitute

_LARGEST_BIAS = (1 << 31) - 1
"""ONNX has biases of 32 bits."""


class TunedConv(torch.nn.Module):
    """Real weights and biases of a convolution, and the integers that follow from them.

    What is learned as the bias is what the channel writes where its input is the average one: what
    ReLUs write is positive, so that every step of a weight would move all that its channel writes.

    Parameters
    ----------
    node
        As the float graph has it.
    made
        As the integer graph has it: it gives the first scales of weights, biases and shifts.
    source
        Quantization of the input.
    multiplier_bits
        Multipliers stay below 2**multiplier_bits; None: they and the scales stay what they are.
    mean
        What each channel of the input is on average, real values (C,).
    """

    shift: torch.Tensor
    unit: torch.Tensor
    mean: torch.Tensor

    def __init__(
        self,
        node: Conv,
        made: QConv,
        source: Quantization,
        multiplier_bits: int | None,
        mean: np.ndarray,
    ):
        super().__init__()
        self._node, self._made, self._multiplier_bits = node, made, multiplier_bits
        self._largest = (1 << (made.weight_bits - 1)) - 1
        weight = torch.tensor(node.weight, dtype=torch.float64).permute(0, 3, 1, 2).contiguous()
        self.register_buffer("unit", _units(weight))
        self.weight = torch.nn.Parameter(weight / self.unit)
        self.register_buffer("mean", _by_weight(mean, node))
        bias = torch.tensor(made.bias * (source.scale * made.weight_scale), dtype=torch.float64)
        used = torch.tensor(made.weight * made.weight_scale[:, None, None, None])
        self.bias = torch.nn.Parameter(bias + self._at_mean(used.permute(0, 3, 1, 2)))
        self.log_scale = torch.nn.Parameter(
            torch.tensor(np.log(made.weight_scale), dtype=torch.float64),
            requires_grad=multiplier_bits is not None,
        )
        self.register_buffer("shift", torch.tensor(made.requantize.shift))

    def forward(
        self,
        x: torch.Tensor,
        source: Quantization,
        target: Quantization,
        input_scale: torch.Tensor,
        output_scale: torch.Tensor,
        noise: Noise | None = None,
    ) -> torch.Tensor:
        """The output's integers, (N, out, OH, OW), as the golden model has them; with noise."""
        integers = self._integers(source, target, input_scale, output_scale)
        weight, bias, multiplier, factor, _ = integers
        if noise is not None:
            weight = disturbed_weights(weight, self._made.weight_bits, noise)
        window, groups = self._made.window, self._made.groups
        acc, largest = accumulate(x, weight, bias, window, groups, source)
        if noise is not None:
            acc = disturbed_sums(acc, by_channel(factor), target, noise)
        lo, hi = self._node.clamp.bounds(target)
        return requantize(
            acc,
            by_channel(multiplier),
            by_channel(self.shift),
            target.zero_point,
            lo,
            hi,
            by_channel(factor),
            largest if noise is None else None,
        )

    def draft(self, source: Quantization, target: Quantization) -> Draft:
        """The ratios that the scales have by now; what they become is for `keep_shift`."""
        unit = target.scale / source.scale
        ratio = self.log_scale.detach().exp().numpy() / unit

        def finish(constants: FixedPoint) -> QConv:
            chosen = constants.of_one_term().requantize(self._node.clamp, target)
            return replace(self._made, requantize=chosen)

        return Draft(factors=Factors(ratio=ratio[:, None], flexible=True), finish=finish)

    def keep_shift(self, shift: np.ndarray) -> None:
        """Use other shifts, int64 (out,), from now on."""
        self.shift.copy_(torch.tensor(shift))

    def to_node(self, source: Quantization, target: Quantization) -> QConv:
        """The integer node as it is now."""
        scales = (torch.tensor(q.scale, dtype=torch.float64) for q in (source, target))
        with torch.no_grad():
            weight, bias, multiplier, _, scale = self._integers(source, target, *scales)
        constants = FixedPoint(multiplier=multiplier.numpy(), shift=self.shift.numpy().copy())
        return replace(
            self._made,
            weight=weight.permute(0, 2, 3, 1).numpy().astype(np.int8),
            bias=bias.numpy().astype(np.int64),
            weight_scale=scale.numpy(),
            requantize=constants.requantize(self._node.clamp, target),
        )

    def to_float(self) -> Conv:
        """The float node as it is now."""
        weight = (self.weight.detach() * self.unit).permute(0, 2, 3, 1).numpy().copy()
        with torch.no_grad():
            scale = self.log_scale.exp()
            used = self._steps(scale) * scale[:, None, None, None]
            bias = self.bias - self._at_mean(used)
        return replace(self._node, weight=weight, bias=bias.numpy())

    def first_order_term(self) -> np.ndarray:
        """float64 (out,): gradient times parameter, summed over weights and bias of a channel."""
        assert self.weight.grad is not None
        assert self.bias.grad is not None
        weights = (self.weight.grad * self.weight.detach()).sum(dim=(1, 2, 3))
        return (weights + self.bias.grad * self.bias.detach()).numpy()

    def _at_mean(self, weight: torch.Tensor) -> torch.Tensor:
        """What weights, (out, in // groups, rows, columns), make of the average input: (out,)."""
        return (weight * self.mean).sum((1, 2, 3))

    def _steps(self, scale: torch.Tensor) -> torch.Tensor:
        """Integers of weights of scales (out,).

        The largest ones learn, too: what clamping cuts off is a third of a depthwise convolution's
        weights of 2 bits, which would stay what they are for good. The gradient of scales is that
        of clamped steps (Esser et al., 2020).
        """
        real, scale = self.weight * self.unit, scale[:, None, None, None]
        steps = real / scale
        clamped = steps.clamp(-self._largest, self._largest)
        nothing = (real - real.detach()) / scale.detach()
        return rounded(torch.where(steps == clamped, clamped, clamped + nothing))

    def _integers(
        self,
        source: Quantization,
        target: Quantization,
        input_scale: torch.Tensor,
        output_scale: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Weights, biases, multipliers, multipliers / 2**shift, and scales of weights.

        Scales of weights are computed as `nnhw.quantize` does, so that integers are the same.
        """
        log_scale = _slowed(self.log_scale, self.weight[0].numel() * self._largest)
        wanted = log_scale.exp()
        ratio = wanted * input_scale / output_scale
        constants = self._constants(ratio.detach().numpy())
        unit = target.scale / source.scale
        real = np.ldexp(constants.multiplier * unit, -constants.shift)
        scale = substitute(wanted, torch.tensor(real.astype(np.float32), dtype=torch.float64))
        exact = np.ldexp(constants.multiplier.astype(np.float64), -constants.shift)
        factor = substitute(ratio, torch.tensor(exact))
        weight = self._steps(scale)
        # Of integers, so that no step of a weight changes what is written on average.
        centred = self.bias / (input_scale * scale) - self._at_mean(weight) / input_scale
        bias = rounded(centred.clamp(-_LARGEST_BIAS, _LARGEST_BIAS))
        return weight, bias, torch.tensor(constants.multiplier), factor, scale

    def _constants(self, ratio: np.ndarray) -> FixedPoint:
        """Multipliers and shifts of the ratios, (out,), that the scales have by now."""
        shift = self.shift.numpy()
        if self._multiplier_bits is None:
            return FixedPoint(multiplier=self._made.requantize.multiplier, shift=shift)
        followed = follow_ratios(ratio[:, None], shift[:, None], self._multiplier_bits)
        return followed.of_one_term()


def _by_weight(mean: np.ndarray, node: Conv) -> torch.Tensor:
    """Means of the input's channels as they are broadcast to weights: (1 or out, C or 1, 1, 1)."""
    means = torch.tensor(mean, dtype=torch.float64)
    if node.groups == 1:
        return means[None, :, None, None]
    return means.repeat_interleave(len(node.weight) // len(means))[:, None, None, None]


def _units(weight: torch.Tensor) -> torch.Tensor:
    """Units that weights are learned in, (out, 1, 1, 1): the power of two, which keeps them exact,
    nearest to the range of each channel, which is twice the largest.

    An optimizer's steps are of one size for all parameters, but weights are not: those that inputs
    of 0 to 255 go into are a thousandth of others.
    """
    largest = weight.abs().amax((1, 2, 3), keepdim=True).numpy()
    exponents = np.round(np.log2(np.where(largest > 0, 2 * largest, 1.0)))
    return torch.tensor(np.ldexp(1.0, exponents.astype(np.int64)))


def _slowed(parameter: torch.Tensor, elements: int) -> torch.Tensor:
    """The parameter, whose gradient is divided by the root of what it is summed over, as Esser et
    al. do, so that scales learn at the pace of weights."""
    share = 1 / math.sqrt(elements)
    return substitute(parameter * share, parameter)
