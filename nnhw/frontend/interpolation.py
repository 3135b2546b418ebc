"""Linear interpolation between pixels, as repetition and an average of overlapping windows.

An axis enlarged f times with half-pixel coordinates: pixel x of the result lies at
(x + 1/2) / f - 1/2 of the input, so that its neighbours' weights are multiples of 1 / n, with n = f
if that is odd and 2 f if it is even. So every pixel is repeated n times, and n neighbours are
averaged, n / f steps from window to window. What lies outside of the image does not count, which
repeats the pixels at its edges, as Resize has it.

Rows and columns one after the other take fewer repetitions. A model that arrived quantized rounds
the result only, so that there both are averaged at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..ir import AveragePool, FakeQuantize, Resize, Window
from .builder import Builder, Image
from .node import OnnxNode


def interpolated(node: OnnxNode, build: Builder, image: Image, factors: tuple[int, int]) -> Image:
    """The image enlarged by linear interpolation of rows and columns.

    What becomes of integers has to be rounded; the node's names are left for that.
    """
    if any(isinstance(other, FakeQuantize) for other in build.nodes):
        suffix = "" if image.quantization is None else "_interpolated"
        return _enlarged(node, build, image, factors, suffix)
    for axis, factor in enumerate(factors):
        if factor > 1:
            image = _enlarged(node, build, image, (factor, 1) if axis == 0 else (1, factor))
    return image


def _enlarged(
    node: OnnxNode, build: Builder, image: Image, factors: tuple[int, int], suffix: str = ""
) -> Image:
    """The image enlarged along both axes at once."""
    axes = [_Axis.enlarged(size, f) for size, f in zip(image.shape[:2], factors, strict=True)]
    rows, columns = axes
    height, width, channels = image.shape
    repeats = rows.copies, columns.copies
    repeated = (height * rows.copies, width * columns.copies, channels)
    tensor = build.append(
        Resize,
        (image.tensor,),
        repeated,
        name=f"{node.name}_repeat",
        output=f"{image.tensor}_repeated",
        factor=repeats,
    )
    window = Window(
        kernel=repeats,
        stride=(rows.step, columns.step),
        pads=(rows.reach, columns.reach, rows.reach, columns.reach),
    )
    divisor = np.multiply.outer(rows.counts, columns.counts)
    shape = (*divisor.shape, channels)
    tensor = build.append(
        AveragePool,
        (tensor,),
        shape,
        name=f"{node.name}{suffix}",
        output=f"{node.output}{suffix}",
        window=window,
        divisor=divisor,
    )
    return replace(image, tensor=tensor, shape=shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Axis:
    """How an axis is enlarged.

    Parameters
    ----------
    copies
        Of every pixel, and pixels in a window.
    step
        From window to window.
    reach
        Of the first window beyond the edge.
    counts
        int64 (pixels of the result,): pixels of the image in each window.
    """

    copies: int
    step: int
    reach: int
    counts: np.ndarray

    @classmethod
    def enlarged(cls, size: int, factor: int) -> _Axis:
        """An axis of `size` pixels, enlarged `factor` times."""
        copies = factor if factor % 2 else 2 * factor  # one if it stays as it is
        step = copies // factor
        reach = (copies - step) // 2
        starts = np.arange(size * factor, dtype=np.int64) * step - reach
        ends = np.minimum(starts + copies, size * copies)
        return cls(copies=copies, step=step, reach=reach, counts=ends - np.maximum(starts, 0))
