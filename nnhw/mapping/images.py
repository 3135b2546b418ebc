"""Contents of the weight and the parameter memory, in the order in which they are read."""

from __future__ import annotations

import numpy as np

from ..ir import Graph, Node, QAdd, QAveragePool, QConv, QMaxPool, Requantize
from ..isa import Operation, ParameterMode
from .config import EngineConfig
from .geometry import Geometry, is_uniform


def weight_count(geometry: Geometry) -> int:
    """Weight words of an operator with weights."""
    return geometry.fetches_per_tile * (geometry.tiles if geometry.tile_weights else 1)


def weight_words(node: Node, geometry: Geometry, config: EngineConfig, *, slots: int) -> np.ndarray:
    """Weight words in fetch order, without repetitions, int8 (words, rows, cols).

    Operators without weights get one word of ones.

    Parameters
    ----------
    slots
        Products that a lane takes at once, at most, in the whole program.
    """
    if not isinstance(node, QConv):
        ones = np.zeros((1, config.fetch_width, slots), np.int8)
        ones[:, :, -1] = 1
        return _lane_words(ones, config)
    if geometry.operation is Operation.DOT:
        return _dense_words(node.weight, geometry, config)
    return _lane_words(_lane_taps(node.weight, geometry, config, slots), config)


def _dense_words(weight: np.ndarray, geometry: Geometry, config: EngineConfig) -> np.ndarray:
    """(out, kernel rows, kernel columns, in) to words, tile by tile."""
    rows, cols = config.rows, config.cols
    outputs = len(weight)
    padded = np.zeros(
        (geometry.tiles * cols, geometry.taps_y, geometry.taps_x, geometry.chunks * rows),
        np.int8,
    )
    padded[:outputs, :, :, : geometry.run] = weight.reshape(
        outputs, geometry.taps_y, geometry.taps_x, geometry.run
    )
    words = padded.reshape(geometry.tiles, cols, geometry.fetches_per_tile, rows)
    return words.transpose(0, 2, 3, 1).reshape(-1, rows, cols)


def _lane_taps(
    weight: np.ndarray, geometry: Geometry, config: EngineConfig, slots: int
) -> np.ndarray:
    """(channels, kernel rows, kernel columns, 1) to (words, lanes, slots).

    In fetch p, kx of a roll, the output row that began j rolls ago is at kernel row
    j * (rows of a roll) + p. The last slot is the one that finishes with the roll.
    """
    channels, kernel_rows, kernel_cols = weight.shape[:3]
    lanes = config.fetch_width
    tiles = geometry.tiles if geometry.tile_weights else 1
    # channel of each lane of each tile; channels repeat where pixels lie side by side
    channel = np.arange(tiles * lanes).reshape(tiles, lanes)
    known = channel < channels if geometry.tile_weights else np.full(channel.shape, True)
    taps = weight[channel % channels, :, :, 0] * known[:, :, None, None]
    words = np.zeros((tiles, geometry.taps_y, kernel_cols, lanes, slots), np.int8)
    for p in range(geometry.taps_y):
        for j in range(geometry.slots):
            kernel_row = j * geometry.taps_y + p
            if kernel_row < kernel_rows:
                words[:, p, :, :, slots - geometry.slots + j] = taps[:, :, kernel_row, :].transpose(
                    0, 2, 1
                )
    return words.reshape(-1, lanes, slots)


def _lane_words(taps: np.ndarray, config: EngineConfig) -> np.ndarray:
    """(words, lanes, slots) to (words, rows, cols): each group of `rows` lanes has its columns."""
    count, _, slots = taps.shape
    words = np.zeros((count, config.rows, config.cols), np.int8)
    for group in range(config.lane_groups):
        lanes = taps[:, group * config.rows : (group + 1) * config.rows]
        words[:, :, group * slots : (group + 1) * slots] = lanes
    return words


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
    if geometry.parameter_mode in (ParameterMode.LAYER, ParameterMode.PIXEL):
        return np.repeat(table[:, None, :], lanes, axis=1)
    if geometry.parameter_mode is ParameterMode.TILE:
        steps = -(-geometry.tile_size // lanes)
        return table[np.arange(steps * lanes) % len(table)].reshape(steps, lanes, 3)
    words = []
    for start in range(0, len(table), geometry.tile_size):
        tile = table[start : start + geometry.tile_size]
        steps = -(-len(tile) // lanes)
        padded = np.zeros((steps * lanes, 3), np.int64)
        padded[: len(tile)] = tile
        words.append(padded.reshape(steps, lanes, 3))
    return np.concatenate(words)
