"""Linear interpolation between pixels, as repetition and an average of overlapping windows.

Pixel x of an axis enlarged f times lies at first + x / f of the input: at (x + 1/2) / f - 1/2 with
half-pixel coordinates, at x / f with asymmetric ones. So its neighbours' weights are multiples of
1 / n, with n = f, or 2 f for half pixels of an even f. Every pixel is repeated n times, and n
neighbours are averaged, n / f steps from window to window. What lies outside of the image does not
count, which repeats the pixels at its edges, as Resize has it.

Any other places, of which there is a weight for each pixel of the result, take a matrix product
along the axis; see `weights_between`.

Rows and columns one after the other take fewer repetitions. A model that arrived quantized rounds
the result only, so that there both are averaged at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..ir import AveragePool, FakeQuantize, Resize, Window
from .builder import Builder, Image
from .node import OnnxNode


@dataclass(frozen=True, kw_only=True)
class Enlargement:
    """How the pixels of an axis are enlarged by an integer factor.

    Parameters
    ----------
    factor
        Pixels of the result for each of the input.
    first
        Place of the first pixel of the result, from -1 to 0, in pixels of the input.
    """

    factor: int = 1
    first: Fraction = Fraction(0)


def weights_between(
    places: Sequence[Fraction],
    size: int,
    weigh: Callable[[float], Sequence[float]],
    *,
    outside: bool = True,
) -> np.ndarray:
    """Weights (result, size) of an axis of `size` pixels for a result at these places of it.

    Parameters
    ----------
    weigh
        Weights of the neighbours of a place, from how far it lies behind the pixel before it:
        `linear` or `cubic`. Half of them lie up to that pixel.
    outside
        Whether pixels beyond an edge are taken for those at the edge; else they do not count, and
        the weights of the others grow.
    """
    weights = np.zeros((len(places), size))
    for row, place in zip(weights, places, strict=True):
        before = math.floor(place)
        parts = weigh(float(place - before))
        for pixel, part in enumerate(parts, start=before + 1 - len(parts) // 2):
            if outside or 0 <= pixel < size:
                row[min(max(pixel, 0), size - 1)] += part
        row /= row.sum()
    return weights


def linear(behind: float) -> Sequence[float]:
    """Weights of two neighbours."""
    return 1 - behind, behind


def cubic(behind: float, a: float) -> Sequence[float]:
    """Weights of four neighbours.

    Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981; `a` is the slope
    there at a distance of one.
    """
    near, far = behind, 1 - behind
    return (
        ((a * (near + 1) - 5 * a) * (near + 1) + 8 * a) * (near + 1) - 4 * a,
        ((a + 2) * near - (a + 3)) * near**2 + 1,
        ((a + 2) * far - (a + 3)) * far**2 + 1,
        ((a * (far + 1) - 5 * a) * (far + 1) + 8 * a) * (far + 1) - 4 * a,
    )


def interpolated(
    node: OnnxNode, build: Builder, image: Image, axes: tuple[Enlargement, Enlargement]
) -> Image:
    """The image enlarged by linear interpolation of rows and columns.

    What becomes of integers has to be rounded; the node's names are left for that.
    """
    if any(isinstance(other, FakeQuantize) for other in build.nodes):
        suffix = "" if image.quantization is None else "_interpolated"
        return _enlarged(node, build, image, axes, suffix)
    rows, columns = axes
    for pair in ((rows, Enlargement()), (Enlargement(), columns)):
        if pair != (Enlargement(), Enlargement()):
            image = _enlarged(node, build, image, pair)
    return image


def _enlarged(
    node: OnnxNode,
    build: Builder,
    image: Image,
    axes: tuple[Enlargement, Enlargement],
    suffix: str = "",
) -> Image:
    """The image enlarged along both axes at once."""
    rows, columns = (_Axis.enlarged(n, how) for n, how in zip(image.shape[:2], axes, strict=True))
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
        pads=(rows.before, columns.before, rows.after, columns.after),
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
    before, after
        Of the first window and of the last one beyond the edge.
    counts
        int64 (pixels of the result,): pixels of the image in each window.
    """

    copies: int
    step: int
    before: int
    after: int
    counts: np.ndarray

    @classmethod
    def enlarged(cls, size: int, how: Enlargement) -> _Axis:
        """An axis of `size` pixels, enlarged."""
        copies = math.lcm(how.factor, how.first.denominator)  # one if it stays as it is
        step, before = copies // how.factor, -int(how.first * copies)
        starts = np.arange(size * how.factor, dtype=np.int64) * step - before
        ends = np.minimum(starts + copies, size * copies)
        return cls(
            copies=copies,
            step=step,
            before=before,
            after=int(starts[-1]) + copies - size * copies,
            counts=ends - np.maximum(starts, 0),
        )
