"""Contents of the weight and the parameter memory, in the order in which they are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..isa import Operation, ParameterMode
from ..machine import EngineConfig
from .geometry import Geometry


def weight_count(geometry: Geometry) -> int:
    """Weight words of an operator with weights."""
    return geometry.fetches_per_tile * (geometry.tiles if geometry.tile_weights else 1)


def weight_words(
    weight: np.ndarray | None, geometry: Geometry, config: EngineConfig, *, slots: int
) -> np.ndarray:
    """Weight words in fetch order, without repetitions, int8 (words, rows, cols).

    Operators without weights get one word of ones.

    Parameters
    ----------
    weight
        (out, kernel rows, kernel columns, in) or, for lanes, (channels, rows, columns, 1).
    slots
        Products that a lane takes at once, at most, in the whole program.
    """
    if weight is None:
        ones = np.zeros((1, config.fetch_width, slots), np.int8)
        ones[:, :, -1] = 1
        return _lane_words(ones, config)
    if geometry.operation is Operation.DOT:
        return _dense_words(weight, geometry, config)
    return _lane_words(_lane_taps(weight, geometry, config, slots), config)


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


def parameter_words(
    table: np.ndarray, geometry: Geometry, config: EngineConfig, shifts: tuple[int, ...]
) -> np.ndarray:
    """Parameter words in the order in which the drain reads them, int64 (words, lanes, 3).

    Parameters
    ----------
    table
        int64 (n, 3): bias, multiplier and shift of each channel, position, operand, or of all;
        with skipped rows once for each of the `Geometry.parameter_sets`.
    """
    lanes = config.lanes
    sets = sum(geometry.parameter_sets)
    if sets > 1:
        plain = replace(geometry, skipped_rows=0, skipped_last=0)
        tables = np.split(table, sets)
        return np.concatenate([parameter_words(t, plain, config, shifts) for t in tables])
    table = table.copy()
    table[:, 2] = np.searchsorted(np.array(shifts), table[:, 2])
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
