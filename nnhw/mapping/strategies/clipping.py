"""Kernels clipped to the image: what lies in padding is not fetched.

Near the border of an image a window overlaps its padding, whose elements are known. So output
positions are told apart by the part of the kernel that meets the image: each group is a layer of
its own, which has the smaller kernel, and in its parameters what the rest would have added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...ir import Window
from ...machine import EngineConfig
from ..loop_nest import LoopNest

#: Share of its cycles that a layer must be spared for another one to be worth its instructions.
_WORTHWHILE = 0.01


@dataclass(frozen=True, kw_only=True)
class Span:
    """Output positions side by side, along one axis, whose windows meet the same taps' pixels.

    Parameters
    ----------
    first, count
        The positions.
    first_tap, taps
        The taps of the kernel that lie in the image.
    """

    first: int
    count: int
    first_tap: int
    taps: int


def clipped_spans(window: Window, shape: tuple[int, int, int], axis: int) -> list[Span]:
    """The spans of a window's output along an axis, 0 for rows and 1 for columns.

    Just one with all taps, as if there were no padding to be left out, if some window meets
    nothing but padding.
    """
    size, kernel = shape[axis], window.kernel[axis]
    stride, dilation = window.stride[axis], window.dilation[axis]
    positions = window.output_size(*shape[:2])[axis]
    begin = np.arange(positions) * stride - window.pads[axis]
    first = np.maximum(-(begin // dilation), 0)  # the first tap that is not before the image
    end = np.minimum((size - 1 - begin) // dilation + 1, kernel)
    if (first >= end).any():
        return [Span(first=0, count=positions, first_tap=0, taps=kernel)]
    changes = np.flatnonzero(np.diff(first) | np.diff(end)) + 1
    starts = [0, *changes.tolist()]
    return [
        Span(
            first=start,
            count=stop - start,
            first_tap=int(first[start]),
            taps=int(end[start] - first[start]),
        )
        for start, stop in zip(starts, [*starts[1:], positions], strict=True)
    ]


def is_worthwhile(clipped: Sequence[LoopNest], whole: LoopNest, config: EngineConfig) -> bool:
    """Whether clipped kernels take less time."""
    if len(clipped) == 1:
        return False
    cycles = sum(nest.cycles(config) for nest in clipped)
    return cycles <= whole.cycles(config) * (1 - _WORTHWHILE)
