"""Weights as 8-bit integers with zero points."""

import numpy as np
import pytest

from nnhw.ir.operators.conv.stored_weights import stored_weights


def check(weight, zero_point, kind):
    """Numbers less zero points are the weights; returns both."""
    weight = np.array(weight)
    given = None if zero_point is None else np.array(zero_point)
    numbers, zeros = stored_weights(weight, given)
    assert numbers.dtype == kind
    found = 0 if zeros is None else zeros.astype(int)[:, None]
    np.testing.assert_array_equal(numbers.astype(int) - found, weight)
    assert zeros is None or zeros.dtype == kind
    return numbers, zeros


def test_symmetric_weights_have_no_zero_point():
    assert check([[-128, 127], [3, 0]], None, np.int8)[1] is None


@pytest.mark.parametrize(
    ("kind", "lo", "hi"), [(np.int8, -128, 127), (np.uint8, 0, 255)], ids=["int8", "uint8"]
)
def test_numbers_of_the_file_survive(kind, lo, hi):
    rng = np.random.default_rng(0)
    zero_point = rng.integers(lo, hi, 6, endpoint=True)
    zero_point[:2] = lo, hi
    given = rng.integers(lo, hi, (6, 40), endpoint=True)
    given[:, 0], given[:, 1] = lo, hi
    numbers, zeros = check(given - zero_point[:, None], zero_point, kind)
    np.testing.assert_array_equal(numbers, given)
    np.testing.assert_array_equal(zeros, zero_point)


def test_another_zero_point_where_that_of_the_file_does_not_do():
    """A channel that has changed its sign, beside one that has not."""
    given, zero_point = np.array([[0, 255, 7], [0, 255, 7]]), np.array([200, 200])
    weight = (given - 200) * np.array([[1], [-1]])
    check(weight, zero_point, np.int8)


@pytest.mark.parametrize("weight", [[-255, 0], [0, 255], [-128, 127], [-200, 55]])
def test_any_range_of_a_byte_has_a_zero_point(weight):
    check([weight, [1, 2]], None, np.int8 if weight[0] < 0 else np.uint8)
