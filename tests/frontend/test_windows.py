"""The number of taps of a window that lie on its input."""

import numpy as np
import pytest

from nnhw.frontend.windows import Axis


def counted(axis: Axis, *, include_pad: bool) -> list[int]:
    """Tap by tap."""
    low, high = (-axis.before, axis.size + axis.after) if include_pad else (0, axis.size)
    firsts = [output * axis.stride - axis.before for output in range(axis.outputs())]
    return [
        sum(low <= first + tap * axis.dilation < high for tap in range(axis.kernel))
        for first in firsts
    ]


@pytest.mark.parametrize("include_pad", [False, True])
def test_counts(include_pad):
    rng = np.random.default_rng(0)
    for _ in range(300):
        size, kernel, stride, dilation = (int(n) for n in rng.integers(1, 7, 4))
        before, after, beyond = (int(n) for n in rng.integers(0, 9, 3))
        axis = Axis(
            size=size,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            before=before,
            after=after,
            beyond=beyond,
        )
        if axis.outputs() > 0:
            expected = counted(axis, include_pad=include_pad)
            assert axis.counts(include_pad=include_pad).tolist() == expected


def test_counts_of_a_large_window_take_no_memory():
    axis = Axis(size=200_000, kernel=100_000, before=50_000, after=50_000)
    assert axis.counts(include_pad=False).max() == 100_000
