"""Equalization: channels are divided by factors so that one scale suits all of them.

After Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019.
A channel of an activation may be divided by any positive factor if the weights that write it are
divided, and those that read it are multiplied, by the same. The paper does so between pairs of
convolutions and evens out the ranges of their weights. Here every output channel's weights have a
scale of their own, so that dividing all of them costs nothing; and factors go through all
operators that let them pass (`nnhw.quantize.tied_channels`), so that a set of channels that other
operators join has one. They are chosen for the least noise at the outputs, by an estimate of it
(`nnhw.quantize.noise_model`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..ir import Batch, Conv, Graph, Node
from .noise_model import ORDER, NoiseModel
from .options import QuantizeOptions
from .statistics import channel_statistics
from .tied_channels import TiedChannels, tie_channels

_ITERATIONS = 200
_SMALLEST_STEP = 1e-4
"""Of the logarithm of a factor; below, there is nothing more to gain."""

_LARGEST_FACTOR = 2.0**20
"""Either way; the values of a channel that nothing needs stay within float32's range."""

_FRACTION = 8
"""Factors are whole powers of the root of 2 of so many, so that small ones are left out."""


def equalize(
    graph: Graph, calibration: Batch | np.ndarray, options: QuantizeOptions | None = None
) -> Graph:
    """Divide channels by factors; the network computes the same on the calibration samples.

    On others, too, unless a channel exceeds its range in calibration and meets a bound other than
    zero.

    Parameters
    ----------
    graph
        Float graph, simplified, whose weights are real numbers.
    calibration
        Typical inputs; of an only input the array (N, H, W, C).
    options
        What it will be quantized with; the defaults if None.

    Returns
    -------
    Graph
        The same nodes and tensors with other weights and biases, and tensors that hold other
        values than before; inputs and outputs hold the same. `graph` itself if there is nothing to
        gain.

    Raises
    ------
    QuantizationError
        If a tensor takes a value that is not finite.
    """
    statistics = channel_statistics(graph, calibration)
    ties = tie_channels(graph, statistics)
    factors = _factors(ties, NoiseModel(graph, ties, statistics, options or QuantizeOptions()))
    if (factors == 1).all():
        return graph
    return divide_channels(graph, ties, factors)


def divide_channels(graph: Graph, ties: TiedChannels, factors: np.ndarray) -> Graph:
    """The graph with channels divided by the factor of their set, (sets,), within its bounds."""
    by_tensor = {name: factors[numbers] for name, numbers in ties.numbers.items()}
    return replace(graph, nodes=tuple(_divided(node, by_tensor) for node in graph.nodes))


def _factors(ties: TiedChannels, noise_of: NoiseModel) -> np.ndarray:
    """The factor of each set: float64 (sets,).

    Each factor goes towards where the part of the noise that rises with it equals the part that
    falls, all at a time. The norms make either part follow it with a power of `ORDER` at most.
    """
    lo = np.log(np.maximum(ties.smallest, 1 / _LARGEST_FACTOR))
    hi = np.log(np.minimum(ties.largest, _LARGEST_FACTOR))
    logarithms = np.clip(np.zeros(len(lo)), lo, hi)
    best, least = logarithms, np.inf
    tiny = np.finfo(float).tiny
    for _ in range(_ITERATIONS):
        noise = noise_of(np.exp(logarithms))
        if noise.total < least:
            best, least = logarithms, noise.total
        wanted = np.log(np.maximum(noise.falling, tiny)) - np.log(np.maximum(noise.rising, tiny))
        step = np.where(noise.falling > 0, np.clip(wanted / (2 * ORDER), -1, 1), 0)
        before, logarithms = logarithms, np.clip(logarithms + step, lo, hi)
        if np.abs(logarithms - before).max() < _SMALLEST_STEP:
            break
    unit = np.log(2) / _FRACTION
    return np.exp(np.clip(np.rint(best / unit) * unit, lo, hi))


def _divided(node: Node, factors: Mapping[str, np.ndarray]) -> Node:
    """A node that reads and writes divided channels."""
    if not isinstance(node, Conv):
        return node
    before, after = factors[node.inputs[0]], factors[node.output]
    before = before if node.groups == 1 else before[:, None, None, None]
    weight = node.weight * before / after[:, None, None, None]
    return replace(node, weight=weight, bias=node.bias / after)
