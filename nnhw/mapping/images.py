"""Contents of the weight and the parameter memory, in the order in which they are read."""

from __future__ import annotations

import numpy as np

from ..ir import Graph, Node, QAdd, QAveragePool, QConv, QMaxPool, Requantize
from ..isa import Operation, ParameterMode
from .config import EngineConfig
from .geometry import Geometry, is_uniform


def weight_words(node: Node, geometry: Geometry, config: EngineConfig) -> np.ndarray:
    """Weight words of one pixel's fetches in fetch order, int8 (words, rows, cols).

    Operators without weights get one word of ones in the first column.
    """
    rows, cols = config.rows, config.cols
    if not isinstance(node, QConv):
        word = np.zeros((1, rows, cols), np.int8)
        word[0, :, 0] = 1
        return word
    if geometry.operation is Operation.DOT:
        # (out, kernel rows, kernel columns, in) -> (out, taps_y, taps_x, chunks, rows), zero padded
        outputs = len(node.weight)
        runs = node.weight.reshape(outputs, geometry.taps_y, geometry.taps_x, geometry.run)
        padded = np.zeros(
            (geometry.tiles * cols, geometry.taps_y, geometry.taps_x, geometry.chunks * rows),
            np.int8,
        )
        padded[:outputs, :, :, : geometry.run] = runs
        words = padded.reshape(geometry.tiles, cols, geometry.fetches_per_tile, rows)
        return words.transpose(0, 2, 3, 1).reshape(-1, rows, cols)
    channels = len(node.weight)
    taps = node.weight.reshape(channels, geometry.fetches_per_tile)
    padded = np.zeros((geometry.tiles * rows, geometry.fetches_per_tile), np.int8)
    padded[:channels] = taps
    words = np.zeros((geometry.tiles, geometry.fetches_per_tile, rows, cols), np.int8)
    words[..., 0] = padded.reshape(geometry.tiles, rows, -1).transpose(0, 2, 1)
    return words.reshape(-1, rows, cols)


def exact_shift(shifts: frozenset[int], multiplier_bits: int) -> int:
    """A shift S for which the multiplier 2**S, a factor of one, fits `multiplier_bits`.

    One that is already in `shifts` if possible, since each distinct shift costs hardware.
    """
    return next((s for s in sorted(shifts) if 1 <= s < multiplier_bits), 1)


def node_parameters(
    node: Node, graph: Graph, *, unit_shift: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bias, multiplier and shift as the drain sees them: y = round((acc + bias) * M / 2**S) + z.

    Input zero points are folded into the bias, so that acc is the sum over raw values with padding
    equal to the zero point.

    Returns
    -------
    int64 arrays of one shape: (channels,) for a convolution, (positions,) for a pool,
    (1,) for one that needs no more, (2,) for an addition.
    """
    zero = graph.tensors[node.inputs[0]].q.zero_point
    if isinstance(node, QMaxPool):
        return np.array([-zero]), np.array([1 << unit_shift]), np.array([unit_shift])
    assert isinstance(node, QConv | QAveragePool | QAdd)
    requantize: Requantize = node.requantize
    multiplier, shift = requantize.multiplier.ravel(), requantize.shift.ravel()
    if isinstance(node, QConv):
        totals = node.weight.reshape(len(node.weight), -1).astype(np.int64).sum(axis=1)
        return node.bias - zero * totals, multiplier, shift
    if isinstance(node, QAdd):
        zeros = [graph.tensors[name].q.zero_point for name in node.inputs]
        return -np.array(zeros, np.int64), multiplier, shift
    taps = node.window.kernel[0] * node.window.kernel[1]
    if is_uniform(requantize):
        multiplier, shift = multiplier[:1], shift[:1]
    return np.full(len(multiplier), -zero * taps, np.int64), multiplier, shift


def parameter_words(
    values: tuple[np.ndarray, np.ndarray, np.ndarray],
    geometry: Geometry,
    config: EngineConfig,
    shifts: tuple[int, ...],
) -> np.ndarray:
    """Parameter words in the order in which the drain reads them, int64 (words, lanes, 3)."""
    bias, multiplier, shift = values
    index = np.searchsorted(np.array(shifts), shift)
    table = np.stack([bias, multiplier, index], axis=-1).astype(np.int64)
    lanes = config.lanes
    if geometry.parameter_mode is not ParameterMode.CHANNEL:
        return np.repeat(table[:, None, :], lanes, axis=1)
    words = []
    for start in range(0, len(table), geometry.tile_size):
        tile = table[start : start + geometry.tile_size]
        steps = -(-len(tile) // lanes)
        padded = np.zeros((steps * lanes, 3), np.int64)
        padded[: len(tile)] = tile
        words.append(padded.reshape(steps, lanes, 3))
    return np.concatenate(words)
