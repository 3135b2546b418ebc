"""Rounding and clamping at the end of every operator, against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnhw.errors import QuantizationError
from nnhw.golden.check_range import check_range
from nnhw.ir import QAdd, Requantize, requantize
from nnhw.ir.integer.requantization import round_shift


@given(
    st.integers(-(2**62) + 1, 2**62 - 1) | st.integers(-300, 300),
    st.integers(1, 62) | st.integers(1, 3),
)
def test_round_shift_is_round_half_to_even(p: int, shift: int) -> None:
    expected = round(Fraction(p, 2**shift))
    assert round_shift(np.array([p]), np.array([shift])).tolist() == [expected]


def test_requantize_adds_the_zero_point_before_it_clamps() -> None:
    constants = Requantize(multiplier=np.array([1, 1]), shift=np.array([1, 2]), lo=-3, hi=4)
    p = np.array([[3, 3], [-20, 20], [4, -4]])
    assert requantize(p, constants, 1).tolist() == [[3, 2], [-3, 4], [3, 0]]


@pytest.mark.parametrize(("largest", "shift"), [(1 << 62, 5), (10, 63), (10, 0)])
def test_what_does_not_fit_int64_is_refused(largest: int, shift: int) -> None:
    constants = Requantize(multiplier=np.array([1, 1]), shift=np.array([shift, shift]), lo=-8, hi=7)
    node = QAdd(name="sum", inputs=("a", "b"), output="y", requantize=constants)
    with pytest.raises(QuantizationError, match="'sum'"):
        check_range(node, node.requantize, largest)
    constants.shift[:] = 62
    check_range(node, node.requantize, (1 << 62) - 1)
