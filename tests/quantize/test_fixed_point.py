"""Requantization constants: precise, few shifts, odd multipliers."""

import itertools

import numpy as np
import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st

from nnhw.ir import Factors
from nnhw.quantize.fixed_point import choose_constants, fewest_points, small_constants

BITS = 13


def factors(*ratios: float, flexible: bool = False) -> Factors:
    return Factors(ratio=np.array(ratios)[:, None], flexible=flexible)


@sampled(st.lists(st.floats(2.0**-16, 200.0), min_size=1, max_size=20), st.booleans())
def test_multipliers_fit_and_approximate(ratios: list[float], flexible: bool) -> None:
    (found,) = choose_constants([factors(*ratios, flexible=flexible)], BITS)
    assert found.multiplier.shape == found.shift.shape == (len(ratios), 1)
    assert found.multiplier.min() >= 1
    assert found.multiplier.max() < 2**BITS
    assert found.shift.min() >= 1
    value = np.ldexp(found.multiplier.astype(float), -found.shift)[:, 0]
    if flexible:
        assert (found.multiplier % 2 == 1).all()
        assert (value >= np.array(ratios) * (1 - 1e-12)).all()
        assert (value <= np.array(ratios) * (1 + 2.0**-6) + 2.0**-14).all()
    else:
        np.testing.assert_allclose(value, ratios, rtol=2.0**-BITS)


def test_exact_ratios_stay_exact_and_share_shifts_where_they_can() -> None:
    exact = Factors(ratio=np.array([5 / 64, 3 / 64]) * (1 + 5e-8))  # float32 scales
    (found,) = choose_constants([exact], BITS)
    assert found.shift[0] == found.shift[1]
    assert np.ldexp(found.multiplier.astype(float), -found.shift).tolist() == [5 / 64, 3 / 64]
    both = choose_constants([exact, factors(0.9, flexible=True)], BITS)
    assert np.unique(np.concatenate([both[0].shift, both[1].shift[:, 0]])).size == 1


def test_ordinary_networks_need_one_shift() -> None:
    rng = np.random.default_rng(0)
    layers = [factors(*2.0 ** rng.uniform(-11, -4, 32), flexible=True) for _ in range(8)]
    constants = choose_constants(layers, BITS)
    assert np.unique([found.shift for found in constants]).size == 1


def test_more_multiplier_bits_are_more_precise() -> None:
    errors = []
    for bits in (10, 16, 24):
        (found,) = choose_constants([factors(0.0123456789)], bits)
        value = float(found.multiplier[0, 0]) / 2.0 ** float(found.shift[0, 0])
        errors.append(abs(value / 0.0123456789 - 1))
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize("ratio", [1e-30, 1e30])
def test_extreme_ratios_saturate(ratio: float) -> None:
    (found,) = choose_constants([factors(ratio)], BITS)
    assert 1 <= found.multiplier[0, 0] < 2**BITS
    assert 1 <= found.shift[0, 0] <= 40
    value = np.ldexp(float(found.multiplier[0, 0]), -int(found.shift[0, 0]))
    assert value < 1e-11 if ratio < 1 else value >= 256


@pytest.mark.parametrize("ratios", [(3e28, 5e28), (300.0, 70.0), (1e30, 1e-3)])
@pytest.mark.parametrize("bits", [10, 16, 24])
def test_terms_of_a_sum_keep_their_proportion(ratios: tuple[float, float], bits: int) -> None:
    """Two terms that saturate alone may cancel each other."""
    (found,) = choose_constants([Factors(ratio=np.array(ratios))], bits)
    assert 1 <= found.multiplier.min() <= found.multiplier.max() < 2**bits
    assert found.shift[0] == found.shift[1] >= 1
    proportion = found.multiplier[1] / found.multiplier[0]
    assert proportion == pytest.approx(ratios[1] / ratios[0], rel=0.01, abs=2.0**-9)


@sampled(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 4)).map(lambda p: (p[0], p[0] + p[1])),
        min_size=1,
        max_size=6,
    )
)
def test_stabbing_is_optimal(intervals: list[tuple[int, int]]) -> None:
    def hits(points: tuple[int, ...]) -> bool:
        return all(any(lo <= point <= hi for point in points) for lo, hi in intervals)

    points = fewest_points(intervals)
    assert hits(tuple(points.tolist()))
    fewer = len(points) - 1
    assert not any(hits(chosen) for chosen in itertools.combinations(range(13), fewer))


def given(*ratios: float, error: float = 0.0) -> Factors:
    return Factors(ratio=np.array(ratios)[:, None] * (1 + error), followed=True)


@pytest.mark.parametrize("error", [0.0, 1.7e-7, -1.7e-7])
def test_ratios_that_followed_constants_give_them_back(error: float) -> None:
    rng = np.random.default_rng(0)
    layers = [factors(*2.0 ** rng.uniform(-12, 2, 32), flexible=True) for _ in range(4)]
    layers.append(Factors(ratio=np.array([5 / 64, 3 / 64])))
    made = choose_constants(layers, 16)
    values = [np.ldexp(item.multiplier.astype(float), -item.shift) for item in made]
    back = [Factors(ratio=value * (1 + error), followed=value.shape[-1] == 1) for value in values]
    found = small_constants(back)
    assert found is not None
    for one, other in zip(made, found, strict=True):
        np.testing.assert_array_equal(one.multiplier, other.multiplier)
        np.testing.assert_array_equal(one.shift, other.shift)


def test_other_ratios_are_no_small_fractions() -> None:
    rng = np.random.default_rng(0)
    assert small_constants([given(*rng.uniform(0.01, 1, 8))]) is None
    assert small_constants([given(3 / 8), given(5 / 16, error=4e-7)]) is None
    assert small_constants([given(65537 / 2**20)]) is None


def test_shifts_of_small_fractions_from_elsewhere_are_shared() -> None:
    """The widest multiplier stays as wide as the fractions need."""
    ratios = [int(m) / 2.0**s for s, m in enumerate((3, 127, 5, 93, 7, 1, 3, 9), start=8)]
    found = small_constants([given(*ratios)])
    assert found is not None
    assert np.unique(found[0].shift).size <= 3
    assert found[0].multiplier.max() < 128
    value = np.ldexp(found[0].multiplier.astype(float), -found[0].shift)
    assert value[:, 0].tolist() == ratios
