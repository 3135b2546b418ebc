"""How much noise at the outputs comes of noise in a channel: an estimate of its importance.

Noise is taken to be independent from element to element, as rounding errors are. A convolution
then adds up the squares of its weights, an average of n elements divides by n, a clamp lets
through what lies within it. So the variance of the noise at the outputs is a weighted sum of the
variances in all channels, whose weights follow from the outputs back to the inputs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..ir import (
    Add,
    AveragePool,
    Clamp,
    Concat,
    Conv,
    DepthToSpace,
    Extremum,
    Function,
    Graph,
    MaxPool,
    Multiply,
    Node,
    Reshape,
    Resize,
    Slice,
    Transpose,
    moved_channels,
)
from .statistics import ChannelStatistics


def noise_gains(graph: Graph, statistics: Mapping[str, ChannelStatistics]) -> dict[str, np.ndarray]:
    """Gain of noise from each channel to the outputs, by tensor: float64 (C,) each.

    The noise of an output counts in relation to its deviation from its mean. A gain is what all
    outputs together get of noise of variance 1 in all elements of a channel.

    Parameters
    ----------
    graph
        Float graph, simplified.
    statistics
        Of the calibration samples, by tensor.
    """
    gains = {name: np.zeros(tensor.shape[2]) for name, tensor in graph.tensors.items()}
    for port in graph.outputs:
        deviation = statistics[port.tensor].variance.sum()
        if deviation > 0:
            gains[port.tensor] += 1 / deviation
    for node in reversed(graph.nodes):
        gain = gains[node.output] * passed_share(node, statistics[node.output])
        for name, part in zip(node.inputs, _back(node, gain, statistics, graph), strict=True):
            gains[name] += part
    return gains


def passed_share(node: Node, result: ChannelStatistics) -> np.ndarray | float:
    """Share of the elements of a node's result that are not clamped to zero."""
    if isinstance(node, Conv | MaxPool | AveragePool | Add | Multiply | Extremum):
        clamps: Clamp = node.clamp
        if 0 in (clamps.lo, clamps.hi):
            return result.nonzero
    return 1.0


def _back(
    node: Node,
    gain: np.ndarray,
    statistics: Mapping[str, ChannelStatistics],
    graph: Graph,
) -> list[np.ndarray]:
    """What the gain of a node's result contributes to that of each operand."""
    operands = [statistics[name] for name in node.inputs]
    match node:
        case Conv():
            squares = np.square(node.weight).sum(axis=(1, 2))
            return [gain @ squares if node.groups == 1 else gain * squares[:, 0]]
        case AveragePool():
            return [gain * node.gain**2 * (1 / node.divisor).mean()]
        case Multiply():
            gain = gain * node.gain**2
            return [gain * operands[1].power, gain * operands[0].power]
        case Add() | Extremum():
            return [gain * node.gain**2 for _ in node.inputs]
        case Concat():
            sizes = [graph.tensors[name].shape[2] for name in node.inputs]
            return np.split(gain, np.cumsum(sizes)[:-1])
        case Function():
            before, after = operands[0].variance, statistics[node.output].variance
            slope = np.divide(after, before, out=np.zeros_like(before), where=before > 0)
            return [gain * slope]
        case Reshape() | Slice() | Resize() | DepthToSpace() | Transpose():
            numbers = moved_channels(node, graph)
            channels = graph.tensors[node.inputs[0]].shape[2]
            spread = np.broadcast_to(gain / len(numbers), numbers.shape)
            return [np.bincount(numbers.ravel(), spread.ravel(), minlength=channels)]
    return [gain for _ in node.inputs]  # MaxPool
