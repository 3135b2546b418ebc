"""Window access to batches of channels-last arrays, shared by every NumPy execution."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .window import Window


def pad(x: np.ndarray, window: Window, value: float) -> np.ndarray:
    """Pad a batch (N, H, W, C) by `window.pads` with `value`."""
    top, left, bottom, right = window.pads
    if not any(window.pads):
        return x
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def patches(x: np.ndarray, window: Window) -> np.ndarray:
    """View of a padded batch (N, H, W, C) as (N, OH, OW, kernel rows, kernel columns, C).

    No data is copied; the view must not be written to.
    """
    n, height, width, channels = x.shape
    rows, cols = Window(
        kernel=window.kernel, stride=window.stride, dilation=window.dilation
    ).output_size(height, width)
    sn, sh, sw, sc = x.strides
    return as_strided(
        x,
        (n, rows, cols, *window.kernel, channels),
        (
            sn,
            sh * window.stride[0],
            sw * window.stride[1],
            sh * window.dilation[0],
            sw * window.dilation[1],
            sc,
        ),
        writeable=False,
    )


def reduce_windows(x: np.ndarray, window: Window, operation: np.ufunc) -> np.ndarray:
    """Join the elements of each window of a padded batch (N, H, W, C) by `operation`, such as
    np.add; (N, OH, OW, C), data type as `x`.

    First down the rows of a kernel, then along its columns: so many steps as it has of both
    together, not as it has elements.
    """
    for axis in (0, 1):
        taps, stride, dilation = window.kernel[axis], window.stride[axis], window.dilation[axis]
        reach = x.shape[1 + axis] - (taps - 1) * dilation
        rest = (slice(None),) * (1 + axis)
        parts = (
            x[(*rest, slice(tap * dilation, tap * dilation + reach, stride))] for tap in range(taps)
        )
        y = next(parts).copy()
        for part in parts:
            operation(y, part, out=y)
        x = y
    return x
