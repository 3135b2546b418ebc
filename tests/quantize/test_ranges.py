"""Quantization of activations from their distributions."""

import numpy as np
import pytest

from nnhw.ir import Quantization
from nnhw.quantize.ranges import choose_quantization, from_range, with_scale
from nnhw.quantize.statistics import Distribution


def distribution(values: np.ndarray, bins: int = 2048) -> Distribution:
    lo, hi = min(values.min(), 0.0), max(values.max(), 0.0)
    counts, edges = np.histogram(values, bins, (lo, hi))
    return Distribution(lo=lo, hi=hi, centers=(edges[1:] + edges[:-1]) / 2, counts=counts)


def real_range(q: Quantization) -> tuple[float, float]:
    return q.scale * (q.lo - q.zero_point), q.scale * (q.hi - q.zero_point)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("lo", "hi"), [(-1.0, 3.0), (0.0, 6.0), (-2.5, 0.0), (2.0, 6.0)])
def test_a_range_covers_its_ends_and_zero(lo: float, hi: float, bits: int) -> None:
    q = from_range(lo, hi, bits)
    least, largest = real_range(q)
    assert q.bits == bits
    assert least <= min(lo, 0) + 0.51 * q.scale
    assert largest >= hi - 0.51 * q.scale
    assert largest - least == pytest.approx(hi - min(lo, 0))
    assert np.float32(q.scale) == q.scale


def test_integers_keep_their_values() -> None:
    q = from_range(0.0, 255.0, 8)
    assert (q.scale, q.zero_point) == (1.0, -128)


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 0.0), (-1e-45, 1e-45), (0.0, 1e-44), (-3e38, 3e38)])
def test_extreme_ranges_have_usable_scales(lo: float, hi: float) -> None:
    q = from_range(lo, hi, 8)
    assert np.isfinite(np.float32(q.scale))
    assert np.float32(q.scale) ** 1 > np.finfo(np.float32).tiny


def test_methods_cut_outliers_as_they_promise() -> None:
    rng = np.random.default_rng(0)
    values = np.append(np.abs(rng.normal(size=100_000)), [40.0])
    cut = {
        method: real_range(choose_quantization(distribution(values), 4, method))[1]
        for method in ("minmax", "percentile", "mse")
    }
    assert cut["minmax"] == pytest.approx(40.0)
    assert cut["percentile"] == pytest.approx(np.quantile(values, 0.9999), rel=0.02)
    assert 2.0 < cut["mse"] < cut["percentile"] < 6.0


@pytest.mark.parametrize("bits", [4, 8])
def test_mse_has_the_least_error(bits: int) -> None:
    values = np.random.default_rng(1).laplace(size=50_000) + 0.5

    def error(q: Quantization) -> float:
        steps = np.clip(np.rint(values / q.scale) + q.zero_point, q.lo, q.hi) - q.zero_point
        return float(np.mean((values - steps * q.scale) ** 2))

    seen = distribution(values)
    best = error(choose_quantization(seen, bits, "mse"))
    for method in ("minmax", "percentile"):
        assert best < error(choose_quantization(seen, bits, method))
    for lo, hi in np.random.default_rng(2).uniform(0.2, 1.0, (200, 2)):
        assert best < 1.02 * error(from_range(seen.lo * lo, seen.hi * hi, bits))


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse"])
def test_nothing_but_zeros(method: str) -> None:
    zeros = Distribution(lo=0.0, hi=0.0, centers=np.zeros(8), counts=np.zeros(8, np.int64))
    assert choose_quantization(zeros, 8, method).scale == 1.0


def test_a_larger_scale_still_covers_the_range() -> None:
    q = from_range(-1.0, 3.0, 8)
    wider = with_scale(q, q.scale * 1.1)
    least, largest = real_range(wider)
    assert least <= -1.0 + wider.scale / 2
    assert largest >= 3.0 - wider.scale / 2


@pytest.mark.parametrize("shape", ["uniform", "normal"])
def test_few_values_leave_room_for_others(shape: str) -> None:
    """Outputs of a network that was calibrated with some dozens of samples."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        seen, others = getattr(rng, shape)(size=(2, 300))
        q = choose_quantization(distribution(seen), 8, "mse")
        narrow = from_range(min(seen.min(), 0), seen.max(), 8)
        assert q.scale < 1.3 * narrow.scale
        steps = np.clip(np.rint(others / q.scale), q.lo - q.zero_point, q.hi - q.zero_point)
        noise = np.mean((others - steps * q.scale) ** 2)
        assert noise < 5 * q.scale**2 / 12  # that of rounding, and little for what is cut


def test_many_values_are_taken_at_their_word() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 1_000_000)
    q = choose_quantization(distribution(values), 8, "mse")
    assert q.scale == pytest.approx(2 / 255, rel=0.01)


def test_a_bound_that_values_reach_is_their_end() -> None:
    """As after Clip, or Relu below."""
    values = np.clip(np.random.default_rng(0).normal(size=300), 0, 1)
    q = choose_quantization(distribution(values), 8, "mse")
    assert real_range(q) == pytest.approx((0, 1), abs=1e-6)
