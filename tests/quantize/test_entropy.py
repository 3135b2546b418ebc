"""Calibration by relative entropy."""

from __future__ import annotations

import numpy as np
import pytest

from nnhw.quantize.entropy import entropy_range
from nnhw.quantize.statistics import Distribution


def distribution(values: np.ndarray) -> Distribution:
    lo, hi = min(values.min(), 0.0), max(values.max(), 0.0)
    counts, edges = np.histogram(values, bins=2048, range=(lo, hi))
    return Distribution(lo=lo, hi=hi, centers=(edges[1:] + edges[:-1]) / 2, counts=counts)


def test_outliers_are_cut() -> None:
    rng = np.random.default_rng(0)
    values = np.append(np.abs(rng.normal(size=100_000)), 40.0)
    lo, hi = entropy_range(distribution(values), 8)
    assert lo == 0
    assert 3 < hi < 10


@pytest.mark.parametrize("ends", [(-1, 3), (0, 3), (-2, 0)])
def test_even_values_keep_their_range(ends: tuple[int, int]) -> None:
    values = np.random.default_rng(0).uniform(*ends, 400_000)
    assert entropy_range(distribution(values), 8) == pytest.approx(ends, rel=0.02)


def test_the_fewer_bits_the_narrower() -> None:
    values = np.random.default_rng(1).laplace(size=200_000)
    widths = [np.ptp(entropy_range(distribution(values), bits)) for bits in (4, 6, 8)]
    assert widths[0] < widths[1] < widths[2]


def test_nothing_but_zeros_which_do_not_count() -> None:
    nothing = Distribution(lo=0.0, hi=0.0, centers=np.zeros(2048), counts=np.zeros(2048, int))
    assert entropy_range(nothing, 8) == (0, 0)
