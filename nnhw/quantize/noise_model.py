"""An estimate of quantization noise, depending on what each channel is divided by.

With f the factor of a channel, there are two kinds of noise, both of rounding to steps of d, whose
variance is d**2 / 12:

- An activation has one step for all channels, so that the largest of their ranges r / f determines
  it. Seen before the division, the noise of a channel is f times as large.
- The weights of an output channel have one step, which the largest of |w| * f determines. Their
  errors are multiplied by the variance of what they read, v / f**2 (of which the mean is made up
  for by the bias).

Both arrive at the outputs with the gain of their channel (`nnhw.quantize.noise_gains`). So small
channels are to be enlarged for the sake of the activation, and left small for that of the weights
that read them. Largest values are replaced by norms of a high order; the sum is then smooth, and
convex in the logarithms of the factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..ir import Conv, Graph
from .activations import scale_groups
from .noise_gains import noise_gains, passed_share
from .options import QuantizeOptions
from .statistics import ChannelStatistics
from .tied_channels import TiedChannels

_SQUARINGS = 4
ORDER = 1 << _SQUARINGS
"""Of the norm that stands for a maximum."""

_DEVIATIONS = 4
"""A channel's range reaches so many standard deviations from its mean at least.

The largest values of all are rare, and most channels have theirs in samples that calibration has
not seen.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Noise:
    """Noise at the outputs, and what it depends on.

    Parameters
    ----------
    total
        Noise in relation to the outputs' deviation, all outputs together.
    rising, falling
        float64 (sets,): the part of its derivative by the logarithm of each set's factor that is
        positive, and the negative of the part that is negative.
    """

    total: float
    rising: np.ndarray
    falling: np.ndarray


class NoiseModel:
    """Estimates the noise of a network that is to be quantized.

    Parameters
    ----------
    graph
        Float graph, simplified.
    ties
        Its sets of channels.
    statistics
        Of the calibration samples, by tensor.
    options
        What it will be quantized with.
    """

    def __init__(
        self,
        graph: Graph,
        ties: TiedChannels,
        statistics: Mapping[str, ChannelStatistics],
        options: QuantizeOptions,
    ) -> None:
        self._sets = len(ties.smallest)
        gains = noise_gains(graph, statistics)
        self._terms: list[_Activation | _Weights] = [
            _Activation(group, members, ties, statistics, gains, options)
            for group, members in scale_groups(graph)[1].items()
        ]
        self._terms += [
            _Weights(node, ties, statistics, gains, options.bits_of(node.name))
            for node in graph.nodes
            if isinstance(node, Conv) and node.groups == 1
        ]

    def __call__(self, factors: np.ndarray) -> Noise:
        """The noise by the factor of each set: float64 (sets,), positive."""
        total, rising, falling = 0.0, np.zeros(self._sets), np.zeros(self._sets)
        for term in self._terms:
            total += term.add(factors, rising, falling)
        return Noise(total=total, rising=rising, falling=falling)


class _Activation:
    """Noise of the tensors that share a step."""

    def __init__(
        self,
        group: str,
        members: list[str],
        ties: TiedChannels,
        statistics: Mapping[str, ChannelStatistics],
        gains: Mapping[str, np.ndarray],
        options: QuantizeOptions,
    ) -> None:
        steps = (1 << options.activation_bits) - 1
        # Zeros are exact.
        self._weight = gains[group] * statistics[group].nonzero / (12 * steps**2)
        self._numbers = ties.numbers[group]
        self._members = np.concatenate([ties.numbers[name] for name in members])
        ranges = [_range(statistics[name]) for name in members]
        self._lo, self._hi = (np.concatenate(ends) for ends in zip(*ranges, strict=True))

    def add(self, factors: np.ndarray, rising: np.ndarray, falling: np.ndarray) -> float:
        """Add the derivatives; give the noise."""
        noise = self._weight * factors[self._numbers] ** 2
        divisors = factors[self._members]
        hi, hi_share = _norm(self._hi / divisors)
        lo, lo_share = _norm(self._lo / divisors)
        total = (hi + lo) ** 2 * noise.sum()
        np.add.at(rising, self._numbers, 2 * (hi + lo) ** 2 * noise)
        share = 2 * (hi + lo) * noise.sum() * (hi * hi_share + lo * lo_share)
        np.add.at(falling, self._members, share)
        return float(total)


class _Weights:
    """Noise of the weights of a convolution that is not depthwise."""

    def __init__(
        self,
        node: Conv,
        ties: TiedChannels,
        statistics: Mapping[str, ChannelStatistics],
        gains: Mapping[str, np.ndarray],
        bits: int,
    ) -> None:
        (source,) = node.inputs
        _, rows, columns, _ = node.weight.shape
        largest = (1 << (bits - 1)) - 1
        gain = gains[node.output] * passed_share(node, statistics[node.output])
        self._gain = gain * rows * columns / (12 * largest**2)
        self._largest = np.abs(node.weight).max(axis=(1, 2))
        self._variance = statistics[source].variance
        self._numbers = ties.numbers[source]

    def add(self, factors: np.ndarray, rising: np.ndarray, falling: np.ndarray) -> float:
        """Add the derivatives; give the noise."""
        factor = factors[self._numbers]
        variance = self._variance / factor**2
        steps, share = _norm(self._largest * factor)
        noise = self._gain * steps**2
        np.add.at(rising, self._numbers, 2 * variance.sum() * (noise @ share))
        np.add.at(falling, self._numbers, 2 * noise.sum() * variance)
        return float(noise.sum() * variance.sum())


def _range(channels: ChannelStatistics) -> tuple[np.ndarray, np.ndarray]:
    """How far channels reach below and above zero; not at all where they have no such values."""
    tail = _DEVIATIONS * np.sqrt(channels.variance)
    lo = np.maximum(-channels.lo, tail - channels.mean)
    hi = np.maximum(channels.hi, tail + channels.mean)
    return np.where(channels.lo < 0, lo, 0), np.where(channels.hi > 0, hi, 0)


def _norm(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The norm along the last axis, and the share of each value in its derivative."""
    largest = values.max(axis=-1, keepdims=True)
    powers = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    for _ in range(_SQUARINGS):
        powers *= powers
    total = powers.sum(axis=-1, keepdims=True)
    norm = (largest * total ** (1 / ORDER))[..., 0]
    return norm, np.divide(powers, total, out=np.zeros_like(values), where=total > 0)
