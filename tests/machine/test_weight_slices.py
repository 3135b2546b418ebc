"""Weights in two slices."""

from __future__ import annotations

import numpy as np
import pytest

from nnhw.machine import SLICE_BITS, SLICED, WHOLE_BITS, needs_slices, slices_of


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_slices_of_all_weights(kind):
    limits = np.iinfo(kind)
    weight = np.arange(max(SLICED[0], limits.min), min(SLICED[1], limits.max) + 1).astype(kind)
    lower, upper = slices_of(weight)
    assert lower.dtype == upper.dtype == kind
    assert (lower.astype(int) + (upper.astype(int) << SLICE_BITS) == weight).all()
    assert (lower.min(), lower.max()) == (-8, 7)
    # an upper slice has WHOLE_BITS, without the least number of so many
    assert np.abs(upper).max() <= 8 < 1 << WHOLE_BITS - 1
    lower, upper = slices_of(np.array([SLICED[0] - 1, SLICED[1] + 1], np.int16))
    assert upper.tolist() == [-9, 9]


def test_narrow_weights_are_a_lower_slice_of_their_own():
    weight = np.arange(-8, 8, dtype=np.int8)
    lower, upper = slices_of(weight)
    assert (lower == weight).all()
    assert not upper.any()


@pytest.mark.parametrize(("weight", "needs"), [(-15, False), (15, False), (-16, True), (16, True)])
def test_which_weights_need_slices(weight, needs):
    assert needs_slices(np.array([[0, weight]], np.int8)) == needs
