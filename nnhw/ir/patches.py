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
