"""One requantizer lane up to the point where the result is an unclamped integer."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..machine import PRODUCT, combination_code, scaler_latency
from .arithmetic import delay, named
from .combination import COMBINATIONS
from .parameters import check_at_most, check_integers
from .quotient import Quotient, shift_right
from .technology import PORTABLE, Technology


class Scaler(wiring.Component):
    """(value + bias) * multiplier / 2**shift, optionally two of them added, to be rounded.

    Parameters
    ----------
    value_width, bias_width, operand_width : int
        Bits of the signed addends and of their sum.
    multiplicand_width : int
        Bits of the sum that are multiplied, at most all. The quotient of a sum that needs more is
        beyond, with the sum's sign. Operands of pairs, and their products, never need more.
    multiplier_width : int
        Bits of the unsigned multiplier; 0 if it is always one, which leaves nothing but a shift.
    shifts : sequence of int
        The shifts there are, each at least 0.
    quotient_width : int
        Bits that are left of the quotient.
    stages : int
        Registers behind the multiplier, at least 1.
    paired, multiplies : bool
        Whether second terms exist, and whether any are multiplied.
    combinations : sequence of str
        Other ways in which two terms become one; see `COMBINATIONS`.

    Members
    -------
    value : In(signed)
    bias : In(signed)
    multiplier : In(unsigned)
        If there is one.
    shift : In(range(len(shifts)))
        Index into `shifts`.
    second : In(1)
        Add the product to the one of the cycle before.
    combination : In
        With `second`: 1 multiplies the operand, value + bias, by the one of the cycle before
        instead, n + 2 combines both terms by the n-th of `combinations`.
    quotient : Out(Quotient(quotient_width))
        `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        value_width: int,
        bias_width: int,
        operand_width: int,
        multiplicand_width: int,
        multiplier_width: int,
        shifts: Sequence[int],
        quotient_width: int,
        stages: int,
        paired: bool,
        multiplies: bool,
        combinations: Sequence[str] = (),
        technology: Technology = PORTABLE,
    ):
        check_integers(
            self,
            value_width=value_width,
            bias_width=bias_width,
            operand_width=operand_width,
            multiplicand_width=multiplicand_width,
            quotient_width=quotient_width,
            stages=stages,
        )
        check_at_most(
            self,
            operand_width,
            "operand_width",
            multiplicand_width=multiplicand_width,
        )
        check_integers(self, least=0, multiplier_width=multiplier_width, least_shift=min(shifts))
        self.operand_width = operand_width
        self.multiplicand_width = multiplicand_width
        self.multiplier_width = multiplier_width
        self.shifts = tuple(shifts)
        self.stages = stages
        self.paired = paired
        self.multiplies = multiplies
        self.combinations = tuple(combinations)
        self.technology = technology
        self.quotient_width = quotient_width
        self.total_width = self.multiplicand_width + multiplier_width + (1 if paired else 0)
        self.latency = scaler_latency(stages=stages, paired=paired, multiplies=multiplies)
        multiplier = {"multiplier": In(unsigned(multiplier_width))} if multiplier_width else {}
        super().__init__(
            {
                "value": In(signed(value_width)),
                "bias": In(signed(bias_width)),
                **multiplier,
                "shift": In(range(max(2, len(self.shifts)))),
                "second": In(1),
                "combination": In(range(max(2, len(self.combinations) + 2))),
                "quotient": Out(Quotient(quotient_width)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        operand = Signal(signed(self.operand_width), reset_less=True)
        m.d.sync += operand.eq(self.value + self.bias)
        overflow = self._overflow(m, operand)
        second = delay(m, self.second, 1, name="operand_second")
        adds = second
        if self.multiplies:
            asked = self.combination == PRODUCT if self.combinations else self.combination
            multiplies = second & delay(m, asked, 1, name="product_asked")
            adds = delay(m, second & ~multiplies, 1, name="adds")
            before = delay(m, operand, 1, name="operand_before")
            factor = Signal(signed(self.multiplicand_width), reset_less=True)
            m.d.sync += factor.eq(Mux(multiplies, operand * before, operand))
            operand = factor
        operand = operand[: self.multiplicand_width].as_signed()
        total: Value
        if self.multiplier_width:
            multiplier = delay(m, self.multiplier, 1 + self.multiplies, name="multiplier")
            total = self.technology.multiply(
                m, operand, multiplier, stages=self.stages, name="product"
            )
        else:
            total = delay(m, operand, self.stages, name="product")
        if self.paired:
            term = total
            total = Signal(signed(self.total_width), reset_less=True)
            adds = delay(m, adds, self.stages, name="term_adds")
            m.d.sync += total.eq(term + Mux(adds, total, 0))
            total = self._combined(m, total, term)
        is_chosen = len(self.shifts) > 1
        shift = delay(m, self.shift if is_chosen else Const(0), self.latency - 1, name="shift")
        quotient = shift_right(
            m,
            total,
            shift,
            dict(enumerate(self.shifts)),
            width=self.quotient_width,
            overflow=overflow,
            name="scaled",
        )
        m.d.comb += [self.quotient[name].eq(value) for name, value in quotient.items()]
        return m

    def _overflow(self, m: Module, operand: Signal) -> tuple[Value, Value] | None:
        """Whether a sum has more bits than are multiplied, and its sign; beside its product."""
        if self.multiplicand_width == self.operand_width:
            return None
        sign = operand[-1]
        differs = Cat(bit != sign for bit in operand[self.multiplicand_width - 1 : -1]).any()
        wait = self.latency - 2
        return (
            delay(m, named(m, differs, "operand_differs"), wait, name="operand_beyond"),
            delay(m, sign, wait, name="operand_negative"),
        )

    def _combined(self, m: Module, total: Signal, term: Value) -> Value:
        """The sum, or what a combination has made of the same two terms meanwhile.

        When the second term comes, the sum is the first one.
        """
        if not self.combinations:
            return total
        result: Value = total
        wait = self.latency - 1
        asked = delay(m, Mux(self.second, self.combination, 0), wait, name="asked")
        for name in self.combinations:
            unit = COMBINATIONS[name](width=len(term), technology=self.technology)
            m.submodules[name] = unit
            m.d.comb += [unit.first.eq(total), unit.second.eq(term)]
            code = combination_code(name, self.combinations)
            result = Mux(asked == code, unit.combined, result)
        return result
