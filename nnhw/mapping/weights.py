"""The weights of an operator as words of the weight memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..machine import EngineConfig, slices_of
from .loop_nest import LoopNest, loops


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights(ABC):
    """Words in the order in which they are read, without repetitions.

    Parameters
    ----------
    weight
        int8 or int16 (out, kernel rows, kernel columns, in).
    nest
        Loop nest of the whole kernel, in whose order they are read.
    by_tile
        Whether each tile, or strip, has words of its own.
    slots
        Products that a lane takes at once: output rows in the making, rolls that an image row
        belongs to; 1 for dot products.
    slices
        Columns that each weight of dot products takes.
    """

    weight: np.ndarray
    nest: LoopNest
    by_tile: bool = True
    slots: int = 1
    slices: int = 1

    @property
    def tiles(self) -> int:
        """Tiles that have words of their own."""
        return self.nest.tiles if self.by_tile else 1

    @property
    def count(self) -> int:
        """Number of words."""
        return self.tiles * self.nest.fetches_per_roll

    @property
    def steps(self) -> dict[str, int]:
        """By loop: words that a trip moves on by."""
        words = {
            "tiles": self.nest.fetches_per_roll if self.by_tile else 0,
            "taps_y": self.nest.fetches_per_row,
            "taps_x": self.nest.trips["chunks"],
            "chunks": 1,
        }
        return {loop: step for loop, step in words.items() if self.nest.trips[loop] > 1}

    @abstractmethod
    def words(self, config: EngineConfig, slots: int) -> np.ndarray:
        """The words (count, rows, cols), of the type of the weights.

        Parameters
        ----------
        slots
            Products that a lane takes at once, at most, in the whole program.
        """


class DenseWeights(Weights):
    """Weights of dot products, tile by tile of output channels."""

    def words(self, config: EngineConfig, slots: int) -> np.ndarray:
        trips, outputs = self.nest.trips, len(self.weight)
        runs = self.weight.reshape(outputs, trips["taps_y"], trips["taps_x"], -1)
        lanes, cols = trips["chunks"] * config.rows, config.cols // self.slices
        padded = np.zeros((self.tiles * cols, *runs.shape[1:3], lanes), runs.dtype)
        padded[:outputs, :, :, : runs.shape[3]] = runs
        by_tile = padded.reshape(self.tiles, cols, -1, config.rows)
        words = by_tile.transpose(0, 2, 3, 1).reshape(-1, config.rows, cols)
        if self.slices == 1:
            return words
        idle = np.zeros((*words.shape[:2], config.cols - 2 * cols), words.dtype)
        return np.concatenate([*slices_of(words), idle], axis=2)


class LaneWeights(Weights):
    """Weights of single channels, (channels, kernel rows, kernel columns, 1)."""

    def words(self, config: EngineConfig, slots: int) -> np.ndarray:
        """In fetch p, kx of a roll, the output row that began j rolls ago is at kernel row
        j * (rows of a roll) + p. The last slot is the one that finishes with the roll."""
        channels, kernel_rows, kernel_cols = self.weight.shape[:3]
        lanes, roll_rows = config.fetch_width, self.nest.trips["taps_y"]
        # channel of each lane of each tile; channels repeat where pixels lie side by side
        channel = np.arange(self.tiles * lanes).reshape(self.tiles, lanes)
        known = channel < channels if self.by_tile else np.full(channel.shape, True)
        taps = self.weight[channel % channels, :, :, 0] * known[:, :, None, None]
        words = np.zeros((self.tiles, roll_rows, kernel_cols, lanes, slots), taps.dtype)
        for kernel_row in range(kernel_rows):
            j, p = divmod(kernel_row, roll_rows)
            row = taps[:, :, kernel_row, :].transpose(0, 2, 1)
            words[:, p, :, :, slots - self.slots + j] = row
        return _in_columns(words.reshape(-1, lanes, slots), config)


def _in_columns(taps: np.ndarray, config: EngineConfig) -> np.ndarray:
    """(words, lanes, slots) to (words, rows, cols): each group of `rows` lanes has its columns,
    one or two for each slot."""
    count, _, slots = taps.shape
    cols = slots * config.lane_slices
    words = np.zeros((count, config.rows, config.cols), taps.dtype)
    for group in range(config.lane_groups):
        lanes = taps[:, group * config.rows : (group + 1) * config.rows]
        if config.lane_slices > 1:
            lanes = np.stack(slices_of(lanes), axis=-1).reshape(*lanes.shape[:2], cols)
        words[:, :, group * cols : (group + 1) * cols] = lanes
    return words


ONES = LaneWeights(
    weight=np.ones((1, 1, 1, 1), np.int8),
    nest=LoopNest(
        trips=loops(),
        starts={},
        steps={},
        row_length=1,
        height=1,
        last_bytes=1,
        tile_size=1,
        tile_size_last=1,
    ),
    by_tile=False,
)
"""One word of ones, of all operators that have no weights: lanes keep their activations."""
