"""The addition of a layer's results and those of an earlier layer."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout
from ..machine import adder_latency
from .arithmetic import delay
from .instruction import Words, instruction_register, load_program, program_port
from .parameters import check_integers
from .parity import report_parity
from .quotient import Bounds, difference, limit, quotient_width, shift_right
from .technology import PORTABLE, Technology


class ResidualAdder(wiring.Component):
    """Scales both operands, adds, rounds and limits the sum, as `ResidualInstruction` has it.

    Results of layers that do not add pass through unchanged.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int or Section
        The program; see `instruction_register`.
    lanes : int
        Results of a step.
    width : int
        Bits of results and operands, signed.
    shifts : sequence of int
        Those of the sums that there are.
    stages : int
        Registers behind each multiplier, at least 1. There are none if all factors are one.
    technology : Technology
        What multipliers and their adder are built of.

    Members
    -------
    program : In(ProgramLoad(words))
        If the program is loaded.
    step : In(1)
        Results and operands are there.
    step_last : In(1)
        They are the layer's last ones.
    results, operands : In(lanes of signed)
        The layer's own, and those to be added to them.
    sums : Out(lanes of signed)
        `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        words: Words,
        lanes: int,
        width: int,
        shifts: Sequence[int],
        stages: int,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, lanes=lanes, width=width, stages=stages)
        self.instruction = instruction_register(layout, words, technology=technology)
        self.shifts = tuple(shifts)
        self.lanes = lanes
        self.width = width
        self.stages = stages
        self.technology = technology
        self.latency = adder_latency(stages=stages)
        layout = data.ArrayLayout(signed(width), lanes)
        super().__init__(
            {
                **program_port(words),
                "step": In(1),
                "step_last": In(1),
                "results": In(layout),
                "operands": In(layout),
                "sums": Out(layout),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.instruction = instruction = self.instruction
        if instruction.is_loaded:
            load_program(m, self.program, instruction)
            report_parity(m, self, instruction)
        m.d.comb += instruction.advance.eq(self.step & self.step_last)
        f = instruction.current
        # registers: difference to the zero point, product, sum, quotient, and those of its limits
        products = 1 + self.stages
        shift = delay(m, f.shift, products + 1, name="shift")
        early = {
            name: delay(m, getattr(f, name), products + 1, name=name)
            for name in ("zero_point", "lo", "hi")
        }
        late = {name: delay(m, value, 1, name=f"late_{name}") for name, value in early.items()}
        for name, bound in (("least", "lo"), ("most", "hi")):
            without = difference(early[bound], early["zero_point"])
            late[name] = delay(m, without, 1, name=name)
        bounds = Bounds.for_lanes(m, self.technology, bounds=Bounds(**late), lanes=self.lanes)
        wait = self.latency - 1
        adds = delay(m, f.add, wait, name="adds")
        plain = delay(m, self.results.as_value(), wait, name="plain")
        shifts = {shift: shift for shift in self.shifts}
        own_multipliers, other_multipliers = (
            self.technology.fan_out(m, multiplier, stages=1, leaves=self.lanes, name=name)
            for name, multiplier in (
                ("own_multiplier", f.multiplier),
                ("other_multiplier", f.residual_multiplier),
            )
        )
        for lane in range(self.lanes):
            own, other = (
                self._scale(m, value[lane], bias, multipliers[lane], name=f"{name}_{lane}")
                for value, bias, multipliers, name in (
                    (self.results, f.bias, own_multipliers, "own"),
                    (self.operands, f.residual_bias, other_multipliers, "other"),
                )
            )
            total = self.technology.add(m, own, other, registered=True, name=f"total_{lane}")
            quotient = shift_right(
                m,
                total,
                shift,
                shifts,
                width=quotient_width(self.width),
                name=f"sum_{lane}",
            )
            result = Signal(signed(self.width), name=f"result_{lane}", reset_less=True)
            unchanged = plain[lane * self.width :][: self.width].as_signed()
            limited = limit(m, quotient, bounds[lane], self.technology, name=f"lane_{lane}")
            m.d.sync += result.eq(Mux(adds, limited, unchanged))
            m.d.comb += self.sums[lane].eq(result)
        return m

    def _scale(
        self, m: Module, value: Value, bias: Value, multiplier: Value, *, name: str
    ) -> Value:
        """(value + bias) * multiplier, `1 + stages` cycles later; `multiplier` is a cycle late."""
        difference = Signal(signed(self.width + 1), name=f"{name}_difference", reset_less=True)
        m.d.sync += difference.eq(value + bias)
        if isinstance(multiplier, Const) and multiplier.value == 1:
            return delay(m, difference, self.stages, name=f"{name}_product")
        return self.technology.multiply(
            m, difference, multiplier, stages=self.stages, name=f"{name}_product"
        )
