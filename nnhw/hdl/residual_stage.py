"""The residual stage: the end of write-back in networks whose layers add earlier results."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout
from .instruction import Words, load_program, program_port
from .parity import report_parity
from .residual_adder import ResidualAdder
from .residual_memory import ResidualMemory
from .tags import Passing
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
    technology : Technology
        What multipliers and memory are built of.

    Members
    -------
    program : In(ProgramLoad(words))
        If the program is loaded.
    read, add, write : In(Passing)
        Of each step: `read_lead` cycles before its results come, in the cycle in which they do, and
        `latency` cycles later.
    results : In(lanes of signed)
        The results.
    sums : Out(lanes of signed)
        What leaves write-back, `latency` cycles later.

    Attributes
    ----------
    read_lead, latency : int
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
        technology: Technology = PORTABLE,
    ):
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
        self.read_lead = self._memory.latency
        self.latency = self._adder.latency
        layout = data.ArrayLayout(signed(width), lanes)
        places = dict.fromkeys(("read", "add", "write"), In(Passing()))
        super().__init__(
            {**program_port(words), **places, "results": In(layout), "sums": Out(layout)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        m.submodules.adder = adder = self._adder
        if "program" in self.signature.members:
            load_program(m, self.program, memory, adder)
            report_parity(m, self, memory, adder)
        m.d.comb += [
            memory.step.eq(self.read.step),
            memory.step_last.eq(self.read.layer_done),
            adder.step.eq(self.add.step),
            adder.step_last.eq(self.add.layer_done),
            adder.results.eq(self.results),
            adder.operands.eq(memory.operands),
            self.sums.eq(adder.sums),
            memory.result.eq(self.write.step),
            memory.result_last.eq(self.write.layer_done),
            memory.results.eq(adder.sums),
        ]
        return m
