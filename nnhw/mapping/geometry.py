"""How an operator is cut into fetches: the loop nest, before addresses are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..ir import Window
from ..isa import Operation, ParameterMode
from ..machine import EngineConfig


@dataclass(frozen=True, kw_only=True)
class OutputColumns:
    """The columns of its output that a layer computes: `count` of them from `first` on, every
    `step`-th."""

    first: int = 0
    step: int = 1
    count: int


@dataclass(frozen=True, kw_only=True)
class OutputArea:
    """The pixels of its output that a layer computes: `rows` image rows from `first_row` on, and
    of these some columns."""

    first_row: int = 0
    rows: int
    columns: OutputColumns


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Loop nest of one layer; counts are true counts, steps are in bytes and image rows.

    Parameters
    ----------
    operation, parameter_mode
        What the array does; how the drain walks through its parameters.
    out_rows, out_cols, tiles, rolls, taps_y, taps_x, chunks
        Trip counts, outermost first.
    warmup
        Rolls of a strip that finish no results.
    joined
        Whether strips are joined (see `FetchInstruction`): one roll less for each but the last.
    skipped_rows, skipped_last
        Kernel rows that the first and the last output row do without, as they lie in padding.
    slots
        Products that a lane takes at once; 1 for dot products.
    first_tap_y, first_tap_x
        Kernel row and column of the first fetch, where kernels are clipped to the image.
    y_start, x_start
        Position of the first fetch.
    row_pitch
        Bytes between image rows; between the operands for an addition.
    row_steps
        By loop: image rows that a trip moves on by.
    flat
        Whether y stands still, since no image row that is read is padding, or the image counts as
        one long row.
    x_steps
        By loop: bytes within an image row that a trip moves on by.
    tap_x_pitch
        Bytes from the image that the first run of a kernel row lies in to that of the second one.
    last_run_short
        Whether the last run of a kernel row has one fetch less.
    row_length, height
        Where padding begins to the right and below.
    run
        Useful bytes of a run of `chunks` fetches.
    tile_size, tile_size_last
        Results of a tile, and of a pixel's last tile.
    tile_weights
        Whether each tile, or strip, has weight words of its own.
    padded
        Whether any lane ever lies in padding.
    """

    operation: Operation
    parameter_mode: ParameterMode
    out_rows: int
    out_cols: int
    tiles: int
    rolls: int = 1
    taps_y: int
    taps_x: int
    chunks: int
    warmup: int = 0
    joined: bool = False
    skipped_rows: int = 0
    skipped_last: int = 0
    slots: int = 1
    tile_weights: bool = True
    first_tap_y: int = 0
    first_tap_x: int = 0
    y_start: int = 0
    x_start: int = 0
    row_pitch: int = 0
    row_steps: Mapping[str, int] = field(default_factory=dict)
    flat: bool = False
    x_steps: Mapping[str, int]
    tap_x_pitch: int = 0
    last_run_short: bool = False
    row_length: int
    height: int
    run: int
    tile_size: int
    tile_size_last: int
    padded: bool = False

    @property
    def pixels(self) -> int:
        """Output pixels."""
        return self.out_rows * self.out_cols

    @property
    def results_per_pixel(self) -> int:
        """Results of each output pixel, of one roll."""
        return (self.tiles - 1) * self.tile_size + self.tile_size_last

    @property
    def finishing_rolls(self) -> int:
        """Rolls of a strip that finish results, the one after the strip included."""
        return self.rolls - self.warmup + self.joined

    @property
    def parameter_sets(self) -> tuple[int, int, int]:
        """Sets of parameters: for the first output row, the others, and the last one; 1 or 0."""
        return int(self.skipped_rows > 0), 1, int(self.skipped_last > 0)

    @property
    def fetches_per_row(self) -> int:
        """Fetches of a kernel row."""
        return self.taps_x * self.chunks - self.last_run_short

    @property
    def fetches_per_tile(self) -> int:
        """Fetches from the first to the last of a tile after the warm-up."""
        return self.taps_y * self.fetches_per_row

    @property
    def fetches(self) -> int:
        """Fetches of the layer."""
        return self.pixels * self.tiles * self.fetches_per_tile


def tile_cycles(geometry: Geometry, config: EngineConfig) -> int:
    """Cycles of a layer that waits for nothing but its own results' requantization, about."""
    drain_cycles = -(-geometry.tile_size // config.lanes)
    fetches = geometry.fetches_per_tile
    rolls = geometry.rolls - geometry.warmup
    cycles = geometry.warmup * fetches + rolls * max(fetches, drain_cycles)
    return geometry.pixels * geometry.tiles * cycles + geometry.joined * fetches


def lane_geometry(
    operation: Operation,
    parameter_mode: ParameterMode,
    window: Window,
    shape: tuple[int, int, int],
    config: EngineConfig,
) -> Geometry:
    """Loop nest of an operator that treats every channel on its own: lanes are channels.

    An operator that also treats every pixel alike sees the tensor as one long row of channels.
    """
    height, width, channels = shape
    if window.is_pointwise and parameter_mode is ParameterMode.LAYER:
        height, width, channels = 1, 1, height * width * channels
    top, left, _, _ = window.pads
    out_rows, out_cols = window.output_size(height, width)
    tiles = -(-channels // config.fetch_width)
    return Geometry(
        operation=operation,
        parameter_mode=parameter_mode,
        out_rows=out_rows,
        out_cols=out_cols,
        tiles=tiles,
        taps_y=window.kernel[0],
        taps_x=window.kernel[1],
        chunks=1,
        y_start=-top,
        x_start=-left * channels,
        row_pitch=width * channels,
        row_steps={"out_rows": window.stride[0], "taps_y": window.dilation[0]},
        tile_weights=parameter_mode is ParameterMode.CHANNEL,
        x_steps={
            "out_cols": window.stride[1] * channels,
            "tiles": config.fetch_width,
            "taps_x": window.dilation[1] * channels,
            "chunks": config.rows,
        },
        row_length=width * channels,
        height=height,
        run=channels - (tiles - 1) * config.fetch_width,
        tile_size=min(config.fetch_width, channels),
        tile_size_last=channels - (tiles - 1) * config.fetch_width,
        padded=any(window.pads),
    )


def pair_geometry(size: int, config: EngineConfig) -> Geometry:
    """Loop nest of the addition of two tensors of `size` elements: two "kernel rows" a tile, whose
    pitch is the distance between the tensors, not known before memory is planned."""
    tiles = -(-size // config.fetch_width)
    return Geometry(
        operation=Operation.LANE_PAIR,
        parameter_mode=ParameterMode.LAYER,
        out_rows=1,
        out_cols=1,
        tiles=tiles,
        taps_y=2,
        taps_x=1,
        chunks=1,
        row_steps={"taps_y": 1},
        tile_weights=False,
        flat=True,
        x_steps={"tiles": config.fetch_width, "chunks": config.rows},
        row_length=size,
        height=1,
        run=size - (tiles - 1) * config.fetch_width,
        tile_size=min(config.fetch_width, size),
        tile_size_last=size - (tiles - 1) * config.fetch_width,
    )


def move_geometry(
    shape: tuple[int, int, int],
    start: tuple[int, int, int],
    size: tuple[int, int, int],
    config: EngineConfig,
) -> Geometry:
    """Loop nest of a copy of a block of `size` that begins at `start` in a tensor of `shape`."""
    _, width, channels = shape
    lanes = config.fetch_width
    tiles = -(-size[2] // lanes)
    return Geometry(
        operation=Operation.LANE_SUM,
        parameter_mode=ParameterMode.LAYER,
        out_rows=size[0],
        out_cols=size[1],
        tiles=tiles,
        taps_y=1,
        taps_x=1,
        chunks=1,
        tile_weights=False,
        y_start=start[0],
        x_start=start[1] * channels + start[2],
        row_pitch=width * channels,
        row_steps={"out_rows": 1},
        x_steps={"out_cols": channels, "tiles": lanes, "chunks": config.rows},
        row_length=width * channels,
        height=shape[0],
        run=size[2] - (tiles - 1) * lanes,
        tile_size=min(lanes, size[2]),
        tile_size_last=size[2] - (tiles - 1) * lanes,
    )
