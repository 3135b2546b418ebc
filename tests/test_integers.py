"""Real numbers that become integers, checked before they are narrowed."""

import math

import numpy as np
import pytest

from nnhw.errors import QuantizationError, UnsupportedError
from nnhw.ir import Conv, IntegerRangeError, Quantization, Window, as_integers
from nnhw.quantize.given_weights import draft_given_conv
from nnhw.quantize.weights import quantize_weights


def test_ties_go_to_even():
    result = as_integers(np.array([0.5, 1.5, -0.5, 2.4]), np.int8)
    assert result.tolist() == [0, 2, 0, 2]
    assert result.dtype == np.int8


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (math.nan, np.int8),
        (math.inf, np.int64),
        (-math.inf, np.int64),
        (127.6, np.int8),
        (-129.0, np.int8),
        (2.0**31, np.int32),
        (2.0**63, np.int64),
        (1e300, np.int64),
        (-1e19, np.int64),
    ],
)
def test_what_is_no_integer_of_the_type(value, dtype):
    with pytest.raises(IntegerRangeError):
        as_integers(np.array([0.0, value]), dtype)


@pytest.mark.parametrize(
    ("value", "dtype"), [(127.4, np.int8), (-(2.0**63), np.int64), (2.0**31 - 1, np.int32)]
)
def test_the_last_ones_that_are(value, dtype):
    assert as_integers(np.array(value), dtype) == round(value)


def test_integers_are_checked_too():
    with pytest.raises(IntegerRangeError, match="32-bit"):
        as_integers(np.array([1 << 40]), np.int32)


def conv(weight: float = 1.0, bias: float = 0.0) -> Conv:
    return Conv(
        name="c",
        inputs=("x",),
        output="y",
        window=Window(),
        weight=np.full((1, 1, 1, 1), weight),
        bias=np.array([bias]),
        weight_scale=np.ones(1),
    )


UNIT = Quantization(bits=8, scale=1.0, zero_point=0)


@pytest.mark.parametrize("bias", [2.0**31, 2.0**63, 2.0**64, -1e30, 1e300, math.inf, math.nan])
def test_bias_of_a_quantized_model(bias):
    with pytest.raises(UnsupportedError, match="Node 'c': its bias would be"):
        draft_given_conv(conv(bias=bias), UNIT, UNIT)


@pytest.mark.parametrize("weight", [256.0, 2.0**64, math.nan])
def test_weights_of_a_quantized_model(weight):
    with pytest.raises(
        UnsupportedError, match=r"Node 'c': its weights (would be|less their zero points)"
    ):
        draft_given_conv(conv(weight), UNIT, UNIT)


def test_scales_that_are_too_far_apart():
    source = Quantization(bits=8, scale=1e-300, zero_point=0)
    target = Quantization(bits=8, scale=1e300, zero_point=0)
    with pytest.raises(UnsupportedError, match="Node 'c': the scales"):
        draft_given_conv(conv(), source, target)


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_scales_beyond_float32(scale):
    with pytest.raises(QuantizationError, match="Node 'c': its weights are too large"):
        quantize_weights(conv(bias=1.0), 8, 1.0, np.array([scale]), np.zeros(1))
