"""Linear interpolation between pixels, as repetition and an average of overlapping windows.

An axis enlarged f times with half-pixel coordinates: pixel x of the result lies at
(x + 1/2) / f - 1/2 of the input, so that its neighbours' weights are multiples of 1 / n, with n = f
if that is odd and 2 f if it is even. So every pixel is repeated n times, and n neighbours are
averaged, n / f steps from window to window. What lies outside of the image does not count, which
repeats the pixels at its edges, as Resize has it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import AveragePool, Resize, Window
from .builder import Builder, Image
from .node import OnnxNode


def interpolated(node: OnnxNode, build: Builder, image: Image, factors: tuple[int, int]) -> Image:
    """The image enlarged by linear interpolation of rows, then of columns."""
    for axis, factor in enumerate(factors):
        if factor > 1:
            image = _along(node, build, image, axis, factor)
    return image


def _along(node: OnnxNode, build: Builder, image: Image, axis: int, factor: int) -> Image:
    """The image enlarged along one axis."""
    copies = factor if factor % 2 else 2 * factor
    step = copies // factor
    reach = (copies - step) // 2
    repeats, kernel, stride = (
        (number, 1) if axis == 0 else (1, number) for number in (copies, copies, step)
    )
    pads = (reach, 0, reach, 0) if axis == 0 else (0, reach, 0, reach)
    window = Window(kernel=kernel, stride=stride, pads=pads)

    height, width, channels = image.shape
    repeated = (height * repeats[0], width * repeats[1], channels)
    rows, columns = window.output_size(*repeated[:2])
    starts = np.arange(image.shape[axis] * factor) * step - reach
    ends = np.minimum(starts + copies, image.shape[axis] * copies)
    counts = ends - np.maximum(starts, 0)
    divisor = np.broadcast_to(counts[:, None] if axis == 0 else counts, (rows, columns))

    tensor = build.append(
        Resize,
        (image.tensor,),
        repeated,
        name=f"{node.name}_repeat",
        output=f"{image.tensor}_repeated",
        factor=repeats,
    )
    shape = (rows, columns, channels)
    tensor = build.add(
        AveragePool, node, (tensor,), shape, window=window, divisor=divisor.astype(np.int64)
    )
    return replace(image, tensor=tensor, shape=shape)
