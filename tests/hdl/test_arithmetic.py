"""Delay lines, adder trees and rotators."""

import math

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from bench import drive, integers

from nnhw.hdl.arithmetic import adder_tree, clamp, delay, rotate_left
from nnhw.hdl.technology import PORTABLE
from nnhw.machine import ROTATION_LEVELS_PER_STAGE


class Delayed(wiring.Component):
    """A value, delayed; `reset` as in `delay`."""

    def __init__(self, cycles: int, *, reset: bool):
        self.cycles = cycles
        self.reset = reset
        super().__init__({"value": In(signed(5)), "late": Out(signed(5))})

    def elaborate(self, platform):
        m = Module()
        late = delay(m, self.value, self.cycles, name="value", reset=self.reset)
        m.d.comb += self.late.eq(late)
        return m


class Clamped(wiring.Component):
    """A value, limited to 0 to `most`."""

    def __init__(self, width: int, most: int):
        self.most = most
        super().__init__({"value": In(signed(width)), "limited": Out(most.bit_length())})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.limited.eq(clamp(self.value, self.most))
        return m


class Sum(wiring.Component):
    """Sum of `count` signed numbers of `width` bits, and of some bits; `latency` is what
    `adder_tree` says."""

    def __init__(self, count: int, width: int, levels_per_stage: int, carries: int = 0):
        self.count = count
        self.levels_per_stage = levels_per_stage
        super().__init__(
            {
                "terms": In(data.ArrayLayout(signed(width), count)),
                "carries": In(data.ArrayLayout(1, carries)),
                "total": Out(signed(width + (count - 1).bit_length())),
            }
        )

    def elaborate(self, platform):
        m = Module()
        terms = [self.terms[index] for index in range(self.count)]
        total, self.latency = adder_tree(
            m,
            terms,
            add=PORTABLE.add,
            levels_per_stage=self.levels_per_stage,
            carries=list(self.carries),
            name="sum",
        )
        self.sum_width = len(total)
        m.d.comb += self.total.eq(total)
        return m


class Rotator(wiring.Component):
    """`count` numbers of four bits, rotated."""

    def __init__(self, count: int, granularity: int, registers: int):
        self.count = count
        self.granularity = granularity
        self.registers = registers
        layout = data.ArrayLayout(unsigned(4), count)
        bits = max(1, (count - 1).bit_length())
        super().__init__({"value": In(layout), "amount": In(bits), "rotated": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        value = [self.value[index] for index in range(self.count)]
        rotated = rotate_left(
            m,
            value,
            [self.amount],
            mux=PORTABLE.mux,
            granularity=self.granularity,
            registers=self.registers,
        )
        m.d.comb += [self.rotated[index].eq(element) for index, element in enumerate(rotated)]
        return m


@pytest.mark.parametrize("cycles", [0, 1, 4])
def test_delay(cycles):
    values = integers(np.random.default_rng(cycles), 5, 40)
    late = drive(Delayed(cycles, reset=False), {"value": values}, ["late"])["late"]
    assert (late[cycles:] == values[: len(values) - cycles]).all()


@pytest.mark.parametrize(("width", "most"), [(7, 1), (7, 6), (7, 8), (7, 63), (4, 7), (3, 8)])
def test_clamp(width, most):
    values = np.arange(-(1 << width - 1), 1 << width - 1)
    outputs = drive(Clamped(width, most), {"value": values}, ["limited"])
    assert (outputs["limited"] == np.clip(values, 0, most)).all()


@pytest.mark.parametrize("reset", [False, True])
def test_delay_is_cleared_by_reset_if_asked(reset):
    delayed = Delayed(3, reset=reset)
    delayed.restart = Signal()
    restart = [0] * 6 + [1] + [0] * 6
    outputs = drive(
        delayed,
        {"value": [7] * 13, "restart": restart},
        ["late"],
        design=ResetInserter(delayed.restart)(delayed),
    )
    assert outputs["late"].tolist() == [0] * 3 + [7] * 4 + ([0] * 3 if reset else [7] * 3) + [7] * 3


@pytest.mark.parametrize("levels_per_stage", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize("carries", [0, 1, 12])
def test_adder_tree(carries, count, levels_per_stage):
    rng = np.random.default_rng(count)
    terms = integers(rng, 6, (60, count))
    bits = rng.integers(0, 2, (60, min(carries, count - 1)))
    terms[:2], bits[:2] = [[-32], [31]], [[0], [1]]  # the sum's own extremes
    tree = Sum(count, 6, levels_per_stage, bits.shape[1])
    inputs = {"terms": terms, "carries": bits} if bits.size else {"terms": terms}
    total = drive(tree, inputs, ["total"])["total"]
    assert tree.latency == math.ceil(math.ceil(math.log2(count)) / levels_per_stage)
    expected = terms.sum(axis=1) + bits.sum(axis=1)
    assert (total[tree.latency :] == expected[: len(terms) - tree.latency]).all()


def test_adder_tree_grows_a_bit_a_level():
    tree = Sum(13, 6, 2)
    drive(tree, {"terms": np.zeros((1, 13), int)}, ["total"])
    assert tree.sum_width == 6 + 4


@pytest.mark.parametrize("registers", [0, 1, 2])
@pytest.mark.parametrize("granularity", [1, 2, 4, 8])
@pytest.mark.parametrize("count", [1, 2, 4, 8, 32])
def test_rotate_left(count, granularity, registers):
    levels = max(0, count.bit_length() - granularity.bit_length())
    registers = min(registers, max(0, -(-levels // ROTATION_LEVELS_PER_STAGE) - 1))
    rng = np.random.default_rng(count)
    values = rng.integers(0, 16, (40, count))
    amounts = rng.integers(0, count, 40) // granularity * granularity
    rotator = Rotator(count, granularity, registers)
    rotated = drive(rotator, {"value": values, "amount": amounts}, ["rotated"])["rotated"]
    for value, amount, result in zip(values, amounts, rotated[registers:], strict=False):
        assert (result == np.roll(value, -amount)).all()
