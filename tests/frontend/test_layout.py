"""The algebra of layouts, against NumPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnhw.frontend.layout import Layout

SIZES = st.sampled_from([1, 1, 2, 3, 4, 6])


@st.composite
def views(draw):
    """An array of its own positions in memory, seen through a chain of views, and its layout."""
    array = np.arange(math.prod(shape := draw(st.lists(SIZES, min_size=1, max_size=4))))
    array, layout = array.reshape(shape), Layout.contiguous(shape)
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            perm = draw(st.permutations(range(array.ndim)))
            array, layout = array.transpose(perm), layout.transpose(perm)
        else:
            sizes, rest = [], array.size
            while rest > 1:
                sizes.append(draw(st.sampled_from([d for d in range(1, rest + 1) if not rest % d])))
                rest //= sizes[-1]
            reshaped = layout.reshape(sizes)
            if reshaped is not None:
                array, layout = array.reshape(sizes), reshaped
    return array, layout


@given(views())
def test_views_keep_track_of_memory(view):
    array, layout = view
    assert layout.shape == array.shape
    np.testing.assert_array_equal(layout.to_memory(array), np.arange(array.size))


@given(views(), views())
def test_same_order(a, b):
    same = a[0].shape == b[0].shape and np.array_equal(a[0], b[0])
    assert a[1].same_order(b[1]) == same


@pytest.mark.parametrize(
    ("groups", "sizes"),
    [
        (([2], [3], [1]), (5, 7, 3)),
        (([2, 3], [1]), (35, 3)),
        (([1], [2], [3]), None),
        (([2, 3], [], [1]), (35, 1, 3)),
    ],
)
def test_groups(groups, sizes):
    channels_first = Layout.of_memory((5, 7, 3), [[], [2], [0], [1]])
    assert channels_first.groups(*groups) == sizes


def test_blocks_that_onnx_keeps_together():
    channels_first = Layout.of_memory((5, 7, 3), [[], [2], [0], [1]])
    assert channels_first.block_sizes == (35, 3)
    assert Layout.contiguous((1, 4, 5)).block_sizes == (20,)


def test_reshape_across_channels_needs_a_copy():
    channels_first = Layout.of_memory((2, 2, 3), [[], [2], [0], [1]])
    assert channels_first.reshape((1, 12)) is not None
    assert channels_first.reshape((6, 2)) is not None
    assert channels_first.reshape((2, 6)) is None
