"""Depthwise convolutions that roll down the image as loop nests."""

from __future__ import annotations

from typing import TypedDict

from ..ir import Window
from ..isa import Operation, ParameterMode
from ..machine import EngineConfig
from .clipping import Span
from .geometry import Geometry


def rolling_slots(window: Window, config: EngineConfig) -> int | None:
    """Output rows that a rolling depthwise convolution has in the making, or None if the engine
    cannot roll it."""
    slots = -(-window.kernel[0] // window.stride[0])
    vertical_dilation = window.dilation[0] if window.kernel[0] > 1 else 1
    return slots if slots <= config.lane_slots and vertical_dilation == 1 else None


def rolling_geometry(
    window: Window,
    shape: tuple[int, int, int],
    slots: int,
    config: EngineConfig,
    *,
    columns: Span | None = None,
    by_parity: bool = False,
) -> Geometry:
    """Loop nest of a depthwise convolution that reads every image row of a strip just once.

    A fetch of row y, shifted by a horizontal tap, is multiplied by one weight for each output row
    that y belongs to; a roll takes as many image rows as the vertical stride. Output rows finish
    in the order in which they began, one a roll. A first roll that would meet nothing but padding
    is left out; the first output row's parameters make up for it. So is a last one of every strip
    but the last, whose tile the first roll of the next strip finishes.

    Where the channels are few, a fetch covers several neighbouring pixels; with a stride of two
    only if the image is stored `by_parity` of its columns (see `parity_columns`). Otherwise there
    may be a layer for some of the output's `columns` only.
    """
    height, width, channels = shape
    top = window.pads[0]
    out_rows, out_cols = window.output_size(height, width)
    roll_rows = min(window.stride[0], window.kernel[0])
    rolls = out_rows + slots - 1
    skipped = int(top >= roll_rows and out_rows > 1 and slots > 1)
    lanes = config.fetch_width
    side_by_side = pixels_side_by_side(window, shape, config, by_parity=by_parity)
    columns = columns or Span(first=0, count=out_cols, first_tap=0, taps=window.kernel[1])
    out_cols = columns.count
    results = out_cols * channels if side_by_side else channels
    tiles = -(-results // lanes)
    last_row = -top + (rolls - 1) * window.stride[0] + roll_rows - 1
    images = 2 if by_parity else 1
    strips = tiles if side_by_side else tiles * out_cols
    joined = (
        last_row - roll_rows + 1 >= height  # the last roll meets nothing but padding
        and out_rows > 1
        and slots > 1 + skipped
        and strips > 1
        and -(-min(lanes, results) // config.lanes)
        == -(-(results - (tiles - 1) * lanes) // config.lanes)
    )
    taps = _parity_taps(window, shape) if by_parity else _taps(window, channels, columns)
    tap_steps = {"taps_x": window.dilation[1] * channels, "chunks": config.rows}
    if by_parity:
        tap_steps = {"taps_x": window.pads[1] % 2 * channels, "chunks": channels}
    return Geometry(
        operation=Operation.LANE_SUM,
        parameter_mode=ParameterMode.TILE if side_by_side else ParameterMode.CHANNEL,
        out_rows=1,
        out_cols=1 if side_by_side else out_cols,
        tiles=tiles,
        rolls=rolls - skipped - joined,
        taps_y=roll_rows,
        warmup=slots - 1 - skipped,
        joined=joined,
        skipped_rows=skipped * roll_rows,
        skipped_last=joined * (window.kernel[0] - (slots - 1) * roll_rows),
        slots=slots,
        tile_weights=not side_by_side,
        y_start=skipped * window.stride[0] - top,
        row_pitch=width // images * channels,
        row_steps={"rolls": window.stride[0], "taps_y": 1},
        x_steps={"out_cols": window.stride[1] * channels, "tiles": lanes} | tap_steps,
        row_length=width // images * channels,
        height=height,
        run=results - (tiles - 1) * lanes,
        tile_size=min(lanes, results),
        tile_size_last=results - (tiles - 1) * lanes,
        padded=any(window.pads) or last_row >= height,
        **taps,
    )


def pixels_side_by_side(
    window: Window, shape: tuple[int, int, int], config: EngineConfig, *, by_parity: bool = False
) -> bool:
    """Whether a fetch of a rolling convolution covers neighbouring pixels."""
    channels, lanes = shape[2], config.fetch_width
    return by_parity or (window.stride[1] == 1 and channels < lanes and lanes % channels == 0)


class _Taps(TypedDict, total=False):
    """The loops over the kernel columns of a depthwise convolution."""

    first_tap_x: int
    x_start: int
    taps_x: int
    tap_x_pitch: int
    chunks: int
    last_run_short: bool


def _taps(window: Window, channels: int, columns: Span) -> _Taps:
    """One kernel column after the other."""
    start = columns.first * window.stride[1] - window.pads[1]
    return {
        "first_tap_x": columns.first_tap,
        "x_start": (start + columns.first_tap * window.dilation[1]) * channels,
        "taps_x": columns.taps,
        "chunks": 1,
    }


def _parity_taps(window: Window, shape: tuple[int, int, int]) -> _Taps:
    """First the kernel columns 0, 2, ..., all in the first half of the image, then the others."""
    height, width, channels = shape
    left, columns = window.pads[1], window.kernel[1]
    return {
        # columns of padding in each half: one more in the first if there is an odd number
        "x_start": -((left + 1) // 2) * channels,
        "taps_x": 2,
        "tap_x_pitch": height * width // 2 * channels,
        "chunks": -(-columns // 2),
        "last_run_short": columns % 2 == 1,
    }
