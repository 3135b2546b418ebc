"""Cross-layer equalization: channels of similar range, so that one scale suits all of them.

After Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019.
Where an activation reaches another convolution through nothing but operators for which
f(s * x) = s * f(x), s > 0, channel i of it may be divided by any s_i if the weights that read it
are multiplied by s_i. The paper evens out the ranges of both convolutions' weights. Here each
output channel's weights have a scale of their own, so that dividing all of them costs nothing;
what has one scale for all channels is the activation between, and s_i evens out its range, as seen
in calibration, and that of the weights that read it.

*Measured*, outputs' signal to noise ratio against float, without and with, in dB:

    bits of weights, activations    8, 8         8, 6         6, 6         4, 8         4, 4
    dscnn                           33.2 34.8    16.6 17.8    17.4 18.1    19.0 17.1     6.0  6.7
    mobilenet_vww                   30.6 25.9    15.9 24.4    20.5 17.7     6.3  5.6     6.3  3.5
    resnet8                         37.3 36.1    25.2 24.5    23.3 22.4    15.4 15.4    11.0 11.1

The paper's own choice, from weights alone, is behind both nearly everywhere. It pays where
activations have fewer bits than weights and costs where weights are the narrower ones, and is
therefore an option that is off unless asked for.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..ir import AveragePool, Batch, Clamp, Conv, Graph, MaxPool
from .statistics import channel_maxima

_LARGEST_FACTOR = 8.0
"""Largest change, either way, against the other channels; beyond, weights lose what is gained."""

_NEGLIGIBLE = 1e-3
"""Channels whose range is less than this share of the largest are left as they are."""


def equalize(graph: Graph, calibration: Batch | np.ndarray) -> Graph:
    """Rescale channels between convolutions; the network computes the same.

    Parameters
    ----------
    graph
        Float graph. Convolutions that arrived quantized keep their weights.
    calibration
        Typical inputs; of an only input the array (N, H, W, C).

    Returns
    -------
    Graph
        The same nodes and tensors with other weights and biases. Tensors between the convolutions
        concerned hold other values than before.
    """
    pairs = _pairs(graph)
    maxima = channel_maxima(graph, calibration, {writer.output for writer, _ in pairs})
    convolutions = {node.output: node for node in graph.nodes if isinstance(node, Conv)}
    for writer, reader in pairs:
        # Each may have been rescaled as the other part of another pair.
        first, second = convolutions[writer.output], convolutions[reader.output]
        factor = _factors(maxima[first.output], _input_ranges(second))
        column = factor[:, None, None, None]
        convolutions[first.output] = replace(
            first, weight=first.weight / column, bias=first.bias / factor
        )
        convolutions[second.output] = replace(
            second, weight=second.weight * (factor if second.groups == 1 else column)
        )
    return replace(graph, nodes=tuple(convolutions.get(node.output, node) for node in graph.nodes))


def _pairs(graph: Graph) -> list[tuple[Conv, Conv]]:
    """Convolutions and, for each, the one whose input channels may be scaled in return."""
    found = []
    for writer in graph.nodes:
        if isinstance(writer, Conv):
            reader = _reader(graph, writer)
            if reader is not None and writer.weight_scale is None and reader.weight_scale is None:
                found.append((writer, reader))
    return found


def _reader(graph: Graph, writer: Conv) -> Conv | None:
    """The convolution that alone reads a convolution's output, perhaps through pools."""
    outputs = {port.tensor for port in graph.outputs}
    node: Conv | MaxPool | AveragePool = writer
    while _keeps_factors(node.clamp) and node.output not in outputs:
        readers = graph.readers(node.output)
        if len(readers) != 1:
            return None
        (reader,) = readers
        if isinstance(reader, Conv):
            return reader
        if not isinstance(reader, MaxPool | AveragePool):
            return None
        node = reader
    return None


def _keeps_factors(clamp: Clamp) -> bool:
    """Whether clamping commutes with positive factors."""
    return clamp.lo in (0.0, -math.inf) and clamp.hi in (0.0, math.inf)


def _input_ranges(node: Conv) -> np.ndarray:
    """Largest magnitude of the weights that read each input channel: (C,)."""
    return np.abs(node.weight).max(axis=(1, 2, 3) if node.groups != 1 else (0, 1, 2))


def _factors(activation: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What to divide each channel of an activation by: the larger, the larger its range."""
    alive = (activation > _NEGLIGIBLE * activation.max()) & (weight > _NEGLIGIBLE * weight.max())
    factor = np.ones(len(activation))
    if alive.any():
        factor[alive] = np.sqrt(activation[alive] / weight[alive])
        factor[alive] /= np.exp(np.log(factor[alive]).mean())
    return np.clip(factor, 1 / _LARGEST_FACTOR, _LARGEST_FACTOR)
