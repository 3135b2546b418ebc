"""Quantized numbers of single values."""

import math

import numpy as np
import pytest

from nnhw.ir import Quantization, signed_width

Q = Quantization(bits=4, scale=0.5, zero_point=-2)


@pytest.mark.parametrize(
    ("value", "q"),
    [(0.0, -2), (0.25, -2), (0.75, 0), (-0.75, -4), (4.4, 7), (9.0, 7), (-9.0, -8), (math.inf, 7)],
)
def test_nearest(value, q):
    assert Q.nearest(value) == q


def test_nearest_to_minus_infinity():
    assert Q.nearest(-math.inf) == -8


@pytest.mark.parametrize(
    ("integers", "bits"), [([0], 2), ([1, -2], 2), ([2], 3), ([-3], 3), ([127], 8), ([-128, 5], 8)]
)
def test_signed_width(integers, bits):
    assert signed_width(np.array(integers)) == bits
