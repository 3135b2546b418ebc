"""The loop nest of a layer before addresses are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..isa import LOOPS, ROW, Coordinate, X, Y, extent
from ..machine import EngineConfig


@dataclass(frozen=True, kw_only=True)
class LoopNest:
    """How a layer walks through what it reads, and the tiles that come of it.

    Loops and coordinates are those of `LOOPS` and `COORDINATES`, without the weights' (see
    `Weights`); rows count from the tensor's first byte.

    Parameters
    ----------
    trips
        Of every loop.
    starts
        Of coordinates, at the first fetch; 0 if not given.
    steps
        Of coordinates, by loop: what a trip adds. What the loop does not move is not there. A
        coordinate Y without any stands still: no image row that is read is padding.
    row_length, height
        Where padding begins to the right and below.
    last_bytes
        Useful bytes of the last fetch of a run, in a pixel's last tile.
    tile_size, tile_size_last
        Results of a tile, and of a pixel's last tile.
    warmup
        Rolls of a strip that finish no results.
    overlaps
        Whether strips overlap (see `FetchInstruction`): one roll less for each but the last.
    last_run_short
        Whether the last run of a kernel row has one fetch less.
    """

    trips: Mapping[str, int]
    starts: Mapping[Coordinate, int]
    steps: Mapping[Coordinate, Mapping[str, int]]
    row_length: int
    height: int
    last_bytes: int
    tile_size: int
    tile_size_last: int
    warmup: int = 0
    overlaps: bool = False
    last_run_short: bool = False

    @property
    def pixels(self) -> int:
        """Output pixels."""
        return self.trips["out_rows"] * self.trips["out_cols"]

    @property
    def tiles(self) -> int:
        """Tiles, or strips of tiles, of a pixel."""
        return self.trips["tiles"]

    @property
    def results_per_pixel(self) -> int:
        """Results of each output pixel, of one roll."""
        return (self.tiles - 1) * self.tile_size + self.tile_size_last

    @property
    def finishing_rolls(self) -> int:
        """Rolls of a strip that finish results, the one after the strip included."""
        return self.trips["rolls"] - self.warmup + self.overlaps

    @property
    def fetches_per_row(self) -> int:
        """Fetches of a kernel row."""
        return self.trips["taps_x"] * self.trips["chunks"] - self.last_run_short

    @property
    def fetches_per_roll(self) -> int:
        """Fetches of a roll: those of a tile after the warm-up."""
        return self.trips["taps_y"] * self.fetches_per_row

    @property
    def moves_y(self) -> bool:
        """Whether image rows may lie in padding."""
        return bool(self.steps.get(Y))

    @property
    def padded(self) -> bool:
        """Whether any lane ever lies in padding."""
        left, right = self.extent(X)
        top, bottom = self.extent(Y)
        right += self.last_bytes
        return not (left >= 0 and right <= self.row_length and top >= 0 and bottom < self.height)

    def extent(self, coordinate: Coordinate) -> tuple[int, int]:
        """Least and largest value of a coordinate, the roll after overlapping strips included."""
        trips = {**self.trips, "rolls": self.trips["rolls"] + self.overlaps}
        return extent(self.starts.get(coordinate, 0), trips, self.steps.get(coordinate, {}))

    def end(self, width: int) -> int:
        """Byte behind the last one that fetches of `width` bytes touch, from the tensor's first."""
        return self.extent(ROW)[1] + self.extent(X)[1] + width

    def drain_steps(self, config: EngineConfig) -> tuple[int, int]:
        """Drain steps of a tile, and of a pixel's last tile."""
        return -(-self.tile_size // config.lanes), -(-self.tile_size_last // config.lanes)

    def total_steps(self, config: EngineConfig) -> int:
        """Drain steps of the layer."""
        steps, steps_last = self.drain_steps(config)
        return self.pixels * self.finishing_rolls * ((self.tiles - 1) * steps + steps_last)

    def cycles(self, config: EngineConfig) -> int:
        """Cycles of a layer that waits for nothing but its own results' requantization, about."""
        drain_cycles, _ = self.drain_steps(config)
        fetches = self.fetches_per_roll
        rolls = self.trips["rolls"] - self.warmup
        cycles = self.warmup * fetches + rolls * max(fetches, drain_cycles)
        return self.pixels * self.tiles * cycles + self.overlaps * fetches


def loops(**trips: int) -> dict[str, int]:
    """Trips of all loops: one if not given."""
    return dict.fromkeys(LOOPS, 1) | trips


def image_rows(
    start: int, steps: Mapping[str, int], *, pitch: int, moves_y: bool = True
) -> tuple[dict[Coordinate, int], dict[Coordinate, dict[str, int]]]:
    """Starts and steps of the coordinates of image rows, `ROW` and `Y`.

    Parameters
    ----------
    start
        First image row.
    steps
        By loop: image rows that a trip moves on by.
    pitch
        Bytes from one image row to the next.
    moves_y
        Whether image rows may lie in padding.
    """
    rows = {loop: step * pitch for loop, step in steps.items()}
    if not moves_y:
        return {ROW: start * pitch}, {ROW: rows}
    return {Y: start, ROW: start * pitch}, {Y: dict(steps), ROW: rows}
