"""Ranges of an input's channels and the numbers that they come to."""

from __future__ import annotations

import numpy as np
import pytest

from nnhw.golden import quantize_input
from nnhw.ir import host_rule
from nnhw.quantize import QuantizeOptions, channel_ranges, integer_quantization, settle

OPTIONS = QuantizeOptions()


def features(*columns: np.ndarray) -> np.ndarray:
    return np.stack(columns, axis=-1).astype(np.float32)[:, None, None, :]


def test_ranges_of_channels() -> None:
    ramp = np.linspace(-1, 1, 201)
    ranges = channel_ranges(features(ramp, 10 * ramp + 1000, 0 * ramp, 0 * ramp - 7), OPTIONS)
    np.testing.assert_allclose(ranges.center, [0, 1000, 0, -7], atol=1e-5)
    np.testing.assert_allclose(ranges.width, [2.02, 20.2, 2, 14], rtol=1e-5)
    assert ranges.is_constant.tolist() == [False, False, True, True]
    # Of few digits, but for the constant, which shall be exact.
    assert ranges.offset.tolist() == [0, 1000, 0, -7]


def test_few_samples_get_a_wider_range() -> None:
    few = features(np.array([0.0, 1.0, 0.5]))
    assert channel_ranges(few, OPTIONS).width.tolist() == [2.0]


def test_outliers_follow_the_method() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    values[7] = 12
    x = features(values)
    whole = channel_ranges(x, QuantizeOptions(calibration_method="minmax")).width[0]
    cut = channel_ranges(x, QuantizeOptions(calibration_method="percentile")).width[0]
    assert cut < 9 < 15 < whole


@pytest.mark.parametrize(
    ("lo", "hi", "bits", "zero_point"),
    [
        (0, 255, 8, -128),
        (0, 16, 8, -128),
        (-128, 127, 8, 0),
        (-1, 1, 8, 0),
        (-255, 0, 8, 127),
        (-200, 20, 8, 72),
        (0, 15, 4, -8),
        (0, 256, 8, None),
        (300, 310, 8, None),
        (0, 16, 4, None),
    ],
)
def test_integers(lo: int, hi: int, bits: int, zero_point: int | None) -> None:
    found = integer_quantization(np.array([lo, hi, (lo + hi) // 2]), bits)
    assert (found and found.zero_point) == zero_point
    if found is not None:
        assert found.scale == 1
        x = np.arange(lo, hi + 1)
        assert (quantize_input(x, found) - x.astype(int) == zero_point).all()
        assert integer_quantization(np.array([lo, hi, lo + 0.5]), bits) is None


def test_the_numbers_cover_every_channel() -> None:
    rng = np.random.default_rng(0)
    scale, offset = np.geomspace(1e-6, 1e6, 7), np.linspace(-3, 3, 7)
    x = (rng.uniform(-1, 1, (500, 1, 1, 7)) * scale + offset * scale).astype(np.float32)
    numbers = settle(x, offset * scale, scale, OPTIONS)
    assert numbers is not None
    q = quantize_input(x, numbers.quantization, numbers.steps)
    assert (q.min(axis=(0, 1, 2)) < -120).all()
    assert (q.max(axis=(0, 1, 2)) > 120).all()
    rule = host_rule(numbers.steps, numbers.quantization)
    assert rule.steps == ()
    np.testing.assert_allclose(rule.scale / scale, 1 / 127.5, rtol=0.02)


def test_a_common_scale_is_no_step() -> None:
    x = features(np.linspace(99, 101, 50), np.linspace(99, 101, 50))
    numbers = settle(x, np.full(2, 100.0), np.ones(2), OPTIONS)
    assert numbers is not None
    assert [(s.operator, s.operand.tolist()) for s in numbers.steps] == [("Sub", [100])]


def test_numbers_beyond_float32_are_none() -> None:
    x = features(np.array([-3e38, 3e38]), np.array([1.0, 2.0]))
    assert settle(x, np.array([3e38, 0]), np.ones(2), OPTIONS) is None
    assert settle(x, np.array([1e40, 0]), np.ones(2), OPTIONS) is None
    assert settle(x, np.zeros(2), np.array([1e-20, 1.0]), OPTIONS) is None
