"""The requantizer lane against exact fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from bench import drive, integers

from nnhw.hdl.scaler import Scaler

SHIFT_SETS = [(1,), (7,), (1, 2), (3, 9, 12), (5, 20, 24, 31), (13, 40), (40,)]


def make_scaler(
    shifts: tuple[int, ...],
    *,
    stages: int,
    paired: bool = False,
    multiplies: bool = False,
    multiplier_width: int = 9,
    multiplicand_width: int | None = None,
    quotient_width: int = 48,
) -> Scaler:
    return Scaler(
        value_width=12,
        bias_width=10,
        operand_width=26 if multiplies else 13,
        multiplicand_width=multiplicand_width or (26 if multiplies else 13),
        multiplier_width=multiplier_width,
        shifts=shifts,
        quotient_width=quotient_width,
        stages=stages,
        paired=paired,
        multiplies=multiplies,
    )


FIELDS = tuple(f"quotient.{name}" for name in ("value", "round_up", "beyond", "negative"))


def check(scaler: Scaler, inputs: dict[str, np.ndarray]) -> list[Fraction]:
    """Compare a scaler with fractions; returns these."""
    outputs = drive(scaler, inputs, FIELDS)
    operands = (inputs["value"] + inputs["bias"]).tolist()
    multipliers = inputs.get("multiplier", np.ones(len(operands), int)).tolist()
    half = 1 << (scaler.quotient_width - 1)
    limit = 1 << (scaler.multiplicand_width - 1)
    exact = []
    for t, second in enumerate(inputs["second"]):
        total = operands[t] * multipliers[t]
        if second and inputs["combination"][t]:
            total *= operands[t - 1]
        elif second:
            total += operands[t - 1] * multipliers[t - 1]
        exact.append(Fraction(total, 1 << scaler.shifts[inputs["shift"][t]]))
    for t in range(len(exact) - scaler.latency):
        value, round_up, beyond, negative = (
            int(outputs[name][t + scaler.latency]) for name in FIELDS
        )
        quotient = math.floor(exact[t])
        overflows = not inputs["second"][t] and not -limit <= operands[t] < limit
        assert beyond == (overflows or not -half <= quotient < half)
        if beyond:
            assert negative == (operands[t] < 0 if overflows else quotient < 0)
            continue
        assert value == quotient
        assert value + round_up == round(exact[t])  # Python rounds ties to even
    return exact


@pytest.mark.parametrize("quotient_width", [2, 9, 48])
@pytest.mark.parametrize(("paired", "multiplies"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize("shifts", SHIFT_SETS)
def test_scaler(shifts, stages, paired, multiplies, quotient_width):
    rng = np.random.default_rng(stages)
    scaler = make_scaler(
        shifts,
        stages=stages,
        paired=paired,
        multiplies=multiplies,
        quotient_width=quotient_width,
    )
    assert scaler.latency == stages + 2 + paired + multiplies
    cycles = 200
    second = rng.integers(0, 2, cycles) if paired else np.zeros(cycles, int)
    second[0] = 0
    second[1:] &= ~second[:-1]  # there are two terms at most
    inputs = {
        "value": integers(rng, 12, cycles),
        "bias": integers(rng, 10, cycles),
        "multiplier": integers(rng, 9, cycles, signed=False),
        "shift": rng.integers(0, len(shifts), cycles),
        "second": second,
        "combination": rng.integers(0, 2, cycles) if multiplies else np.zeros(cycles, int),
    }
    check(scaler, inputs)


@pytest.mark.parametrize(("paired", "multiplies"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("shifts", [(0,), (0, 1, 5), (3, 40)])
def test_without_a_multiplier(shifts, paired, multiplies):
    rng = np.random.default_rng(0)
    scaler = make_scaler(shifts, stages=1, paired=paired, multiplies=multiplies, multiplier_width=0)
    assert "multiplier" not in scaler.signature.members
    cycles = 200
    second = np.arange(cycles) % 2 if paired else np.zeros(cycles, int)
    check(
        scaler,
        {
            "value": integers(rng, 12, cycles),
            "bias": integers(rng, 10, cycles),
            "shift": rng.integers(0, len(shifts), cycles),
            "second": second,
            "combination": rng.integers(0, 2, cycles) if multiplies else np.zeros(cycles, int),
        },
    )


@pytest.mark.parametrize("shift", [1, 2, 5, 22, 23, 24, 40])
def test_ties_go_to_the_even_neighbour(shift):
    scaler = make_scaler((shift,), stages=1)
    half = 1 << (shift - 1)
    values = [-2048, -2047, -1, 0, 1, 2047]
    factors = [1, 2, 255, 256, 511]
    if half < 512:  # times which every number is an integer or a tie
        values += [k * 16 + d for k, d in itertools.product(range(-127, 127), (-1, 0, 1))]
        factors += [half]
    pairs = list(itertools.product(values, factors)) + [(0, 0)] * scaler.latency
    value, multiplier = np.array(pairs).T
    none = np.zeros(len(pairs), int)
    inputs = {"value": value, "multiplier": multiplier}
    inputs |= dict.fromkeys(("bias", "shift", "second", "combination"), none)
    exact = check(scaler, inputs)
    if half < 512:
        ties = {fraction for fraction in exact if fraction.denominator == 2}
        assert {fraction > 0 for fraction in ties} == {True, False}
        assert {math.floor(fraction) % 2 for fraction in ties} == {0, 1}


@pytest.mark.parametrize("multiplier_width", [0, 9])
@pytest.mark.parametrize("quotient_width", [2, 7, 48])
@pytest.mark.parametrize("multiplicand_width", [1, 2, 8, 12, 13])
@pytest.mark.parametrize(("paired", "multiplies"), [(False, False), (True, False), (True, True)])
def test_sums_of_more_bits_than_are_multiplied(
    multiplicand_width, quotient_width, multiplier_width, paired, multiplies
):
    """They are beyond with their own sign, whatever their lower bits make; pairs have none."""
    rng = np.random.default_rng(multiplicand_width)
    shifts = (0, 3, 11)
    pairs = paired and multiplicand_width >= 8
    scaler = make_scaler(
        shifts,
        stages=2,
        paired=paired,
        multiplies=multiplies,
        multiplier_width=multiplier_width,
        multiplicand_width=multiplicand_width,
        quotient_width=quotient_width,
    )
    assert scaler.latency == 4 + paired + multiplies
    cycles = 400
    inputs = {
        "value": integers(rng, 12, cycles),
        "bias": integers(rng, 10, cycles),
        "shift": rng.integers(0, len(shifts), cycles),
        "second": rng.integers(0, 2, cycles) * pairs,
        "combination": rng.integers(0, 2, cycles) * multiplies,
    }
    inputs["second"][0] = 0
    inputs["second"][1:] &= ~inputs["second"][:-1]
    if multiplier_width:
        inputs["multiplier"] = integers(rng, multiplier_width, cycles, signed=False)
    terms = np.flatnonzero(inputs["second"])
    for t in (terms - 1, terms):  # products have twice the bits of their operands
        inputs["value"][t] = integers(rng, 4, len(terms)) if multiplies else inputs["value"][t] >> 7
        inputs["bias"][t] = 0
    check(scaler, inputs)
