"""The residual stage: the end of write-back in networks whose layers add earlier results."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout
from .arithmetic import delay
from .instruction import Words, load_program, program_port
from .residual_adder import ResidualAdder
from .residual_memory import ResidualMemory
from .technology import PORTABLE, Technology


class ResidualStage(wiring.Component):
    """Adds earlier results to those of a layer that asks for it, and keeps what later ones add.

    Every result of every layer passes here, in order.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int or Section
        The program; see `instruction_register`.
    depth : int
        Words of the residual memory.
    lanes : int
        Results of a step.
    width : int
        Bits of a result, signed.
    shifts : sequence of int
        Those of the sums that there are.
    stages : int
        Registers behind each multiplier, at least 1.
    arrival : int
        Cycles from `step` to the results, at least as many as the memory takes.
    technology : Technology
        What multipliers and memory are built of.

    Members
    -------
    program : In(ProgramLoad(words))
        If the program is loaded.
    step : In(1)
        The results of a step are coming.
    step_last : In(1)
        It is the layer's last one.
    results : In(lanes of signed)
        The results, `arrival` cycles after `step`.
    sums : Out(lanes of signed)
        What leaves write-back, `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        words: Words,
        depth: int,
        lanes: int,
        width: int,
        shifts: Sequence[int],
        stages: int,
        arrival: int,
        technology: Technology = PORTABLE,
    ):
        self.arrival = arrival
        self._memory = ResidualMemory(
            layout=layout,
            words=words,
            depth=depth,
            lanes=lanes,
            width=width,
            technology=technology,
        )
        self._adder = ResidualAdder(
            layout=layout,
            words=words,
            lanes=lanes,
            width=width,
            shifts=shifts,
            stages=stages,
            technology=technology,
        )
        self.latency = self._adder.latency
        layout = data.ArrayLayout(signed(width), lanes)
        super().__init__(
            {
                **program_port(words),
                "step": In(1),
                "step_last": In(1),
                "results": In(layout),
                "sums": Out(layout),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        m.submodules.adder = adder = self._adder
        if "program" in self.signature.members:
            load_program(m, self.program, memory, adder)
        # the same step, when it is read, added and written
        wait = self.arrival - memory.latency
        read = delay(m, self.step, wait, name="read", reset=True)
        read_last = delay(m, self.step_last, wait, name="read_last", reset=True)
        add = delay(m, read, memory.latency, name="add", reset=True)
        add_last = delay(m, read_last, memory.latency, name="add_last", reset=True)
        m.d.comb += [
            memory.step.eq(read),
            memory.step_last.eq(read_last),
            adder.step.eq(add),
            adder.step_last.eq(add_last),
            adder.results.eq(self.results),
            adder.operands.eq(memory.operands),
            self.sums.eq(adder.sums),
            memory.result.eq(delay(m, add, self.latency, name="write", reset=True)),
            memory.result_last.eq(delay(m, add_last, self.latency, name="write_last", reset=True)),
            memory.results.eq(adder.sums),
        ]
        return m
