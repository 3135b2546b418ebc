"""Pairs that are combined in ways of their own: the component that takes the adder's place."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module
from bench import drive, integers

from nnhw.errors import PluginError
from nnhw.hdl import Combination, combines
from nnhw.hdl.scaler import Scaler

FUNCTIONS = {
    "max": max,
    "min": min,
    "tested difference": lambda first, second: first - second,
}


@combines("tested difference")
class Difference(Combination):
    """The first term less the second."""

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.combined.eq(self.first - self.second)
        return m


def make_scaler(
    combinations: tuple[str, ...], *, multiplies: bool, multiplier_width: int
) -> Scaler:
    return Scaler(
        value_width=12,
        bias_width=10,
        operand_width=26 if multiplies else 13,
        multiplicand_width=26 if multiplies else 13,
        multiplier_width=multiplier_width,
        shifts=(2, 7),
        quotient_width=60,
        stages=2,
        paired=True,
        multiplies=multiplies,
        combinations=combinations,
    )


@pytest.mark.parametrize("multiplies", [False, True])
@pytest.mark.parametrize("multiplier_width", [0, 9])
@pytest.mark.parametrize("combinations", [tuple(FUNCTIONS)[:1], tuple(FUNCTIONS)])
def test_every_pair_is_combined_as_asked(combinations, multiplier_width, multiplies):
    """Pairs follow each other without a pause, each with its own combination; full range."""
    scaler = make_scaler(combinations, multiplies=multiplies, multiplier_width=multiplier_width)
    rng = np.random.default_rng(1)
    cycles = 400
    codes = [code for code in range(2 + len(combinations)) if multiplies or code != 1]
    inputs = {
        "value": integers(rng, 12, cycles),
        "bias": integers(rng, 10, cycles),
        "shift": rng.integers(0, 2, cycles),
        "second": np.arange(cycles) % 2,
        "combination": rng.choice(codes, cycles),
    }
    if multiplier_width:
        inputs["multiplier"] = integers(rng, 9, cycles, signed=False)
    outputs = drive(scaler, inputs, ["quotient.value", "quotient.round_up"])
    operands = (inputs["value"] + inputs["bias"]).tolist()
    factors = inputs.get("multiplier", np.ones(cycles, int)).tolist()
    for t in range(1, cycles - scaler.latency, 2):
        first, second = (operands[i] * factors[i] for i in (t - 1, t))
        code = inputs["combination"][t]
        total = {0: first + second, 1: operands[t - 1] * second}.get(code)
        if total is None:
            total = FUNCTIONS[combinations[code - 2]](first, second)
        exact = Fraction(total, 1 << scaler.shifts[inputs["shift"][t]])
        quotient = int(outputs["quotient.value"][t + scaler.latency])
        assert quotient == math.floor(exact), (t, code)
        assert quotient + outputs["quotient.round_up"][t + scaler.latency] == round(exact)


def test_takes_no_longer_than_a_sum():
    scalers = [
        make_scaler(names, multiplies=False, multiplier_width=9) for names in ((), tuple(FUNCTIONS))
    ]
    for scaler in scalers:
        Fragment.get(scaler, None)  # Amaranth warns of what is never elaborated
    assert scalers[0].latency == scalers[1].latency


def test_two_of_one_name_are_refused():
    with pytest.raises(PluginError, match="one combination of pairs named 'max'"):
        combines("max")(Difference)
