"""Dense convolutions as loop nests: runs of kernel rows, and pixels side by side in the columns."""

from __future__ import annotations

import numpy as np

from ..ir import Window
from ..isa import Operation, ParameterMode
from ..machine import EngineConfig
from .clipping import Span
from .geometry import Geometry, OutputColumns, tile_cycles


def dense_geometry(
    window: Window,
    shape: tuple[int, int, int],
    outputs: int,
    config: EngineConfig,
    *,
    rows: Span | None = None,
    columns: OutputColumns | None = None,
    abreast: int = 1,
) -> Geometry:
    """Loop nest of a dense convolution of an input of `shape` to `outputs` channels.

    Neighbouring taps of a kernel row are one contiguous run of bytes in channels-last layout; if
    the kernel covers whole image rows, all of its rows are one run.

    Parameters
    ----------
    rows, columns
        Of the output: all of them if not given, and kernels not clipped to the image.
    abreast
        Output columns that are computed at once, as if they were channels of one pixel: the run
        covers the kernel rows of all. A divisor of `columns.count`.
    """
    height, width, channels = shape
    kernel_h, kernel_w = window.kernel
    top, left, _, _ = window.pads
    out_rows, out_cols = window.output_size(height, width)
    columns = columns or OutputColumns(count=out_cols)
    stride = columns.step * window.stride[1]
    padded = any(window.pads)
    taps_x, run = kernel_w, channels
    row_length = width * channels
    clipped = rows is not None
    rows = rows or Span(first=0, count=out_rows, first_tap=0, taps=kernel_h)
    taps_y, flat = rows.taps, clipped
    if window.dilation[1] == 1 or kernel_w == 1:
        taps_x, run = 1, (kernel_w + (abreast - 1) * stride) * channels
        if kernel_w == width and not padded and (window.dilation[0] == 1 or kernel_h == 1):
            taps_y, run = 1, kernel_h * run
            row_length, height, flat = run, 1, True
    tiles = -(-abreast * outputs // config.cols)
    return Geometry(
        operation=Operation.DOT,
        parameter_mode=ParameterMode.CHANNEL,
        out_rows=rows.count,
        out_cols=columns.count // abreast,
        tiles=tiles,
        taps_y=taps_y,
        taps_x=taps_x,
        chunks=-(-run // config.rows),
        first_tap_y=rows.first_tap,
        y_start=rows.first * window.stride[0] - top + rows.first_tap * window.dilation[0],
        x_start=(columns.first * window.stride[1] - left) * channels,
        row_pitch=width * channels,
        row_steps={"out_rows": window.stride[0], "taps_y": window.dilation[0]},
        flat=flat,
        x_steps={
            "out_cols": abreast * stride * channels,
            "taps_x": window.dilation[1] * channels,
            "chunks": config.rows,
        },
        row_length=row_length,
        height=height,
        run=run,
        tile_size=min(config.cols, abreast * outputs),
        tile_size_last=abreast * outputs - (tiles - 1) * config.cols,
        padded=any(window.pads[1::2]) if clipped else padded,
    )


def columns_abreast(
    window: Window,
    shape: tuple[int, int, int],
    outputs: int,
    config: EngineConfig,
    columns: OutputColumns,
) -> int:
    """How many output columns to compute at once: what takes least cycles, the fewer the better.

    Where there are fewer channels than columns of the array, the idle ones can take the pixels
    beside: the kernel rows of neighbours overlap, so that a fetch serves several of them.
    """
    if window.dilation[1] > 1 and window.kernel[1] > 1:
        return 1

    def cycles(abreast: int) -> int:
        geometry = dense_geometry(window, shape, outputs, config, columns=columns, abreast=abreast)
        return tile_cycles(geometry, config)

    most = max(1, config.cols // outputs)
    candidates = [n for n in range(1, most + 1) if columns.count % n == 0]
    return min(candidates, key=lambda n: (cycles(n), n))


def weight_abreast(weight: np.ndarray, abreast: int, stride: int) -> np.ndarray:
    """Weights of `abreast` output columns as channels of one: each column's kernel in its place.

    Parameters
    ----------
    weight
        (out, kernel rows, kernel columns, in).
    stride
        Input columns from one output column to the next.

    Returns
    -------
    (abreast * out, kernel rows, kernel columns + (abreast - 1) * stride, in), zero elsewhere.
    """
    outputs, rows, cols, inputs = weight.shape
    result = np.zeros((abreast, outputs, rows, cols + (abreast - 1) * stride, inputs), weight.dtype)
    for number in range(abreast):
        result[number, :, :, number * stride : number * stride + cols] = weight
    return result.reshape(abreast * outputs, *result.shape[2:])
