"""The residual memory: results of layers that a later layer adds to its own."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout
from ..machine import MEMORY_LATENCY
from .instruction import (
    InstructionRegister,
    LoadedInstructionRegister,
    Words,
    instruction_register,
    load_program,
    program_port,
)
from .parameters import check_integers
from .parity import report_parity
from .technology import PORTABLE, Technology


class ResidualMemory(wiring.Component):
    """One word for each drain step of the tensors that are kept, written and read in that order.

    It walks the program twice: where steps come in, and where they leave write-back.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int or Section
        The program; see `instruction_register`.
    depth : int
        Words.
    lanes : int
        Results of a step.
    width : int
        Bits of a result, signed.
    technology : Technology
        What it is built of.

    Members
    -------
    program : In(ProgramLoad(words))
        If the program is loaded.
    step : In(1)
        A step of the layer at work comes in.
    step_last : In(1)
        It is the layer's last one.
    operands : Out(lanes of signed)
        What a layer that adds has to add in this step, `latency` cycles later.
    result : In(1)
        A step leaves write-back.
    result_last : In(1)
        It is the layer's last one.
    results : In(lanes of signed)
        Its results. Steps that come in later than in this cycle can have them.

    Attributes
    ----------
    latency : int
    """

    latency = MEMORY_LATENCY

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        words: Words,
        depth: int,
        lanes: int,
        width: int,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, depth=depth, lanes=lanes, width=width)
        self._reads, self._writes = (
            instruction_register(layout, words, ahead=(field,), technology=technology)
            for field in ("source", "destination")
        )
        self.depth = depth
        self.technology = technology
        super().__init__(
            {
                **program_port(words),
                "step": In(1),
                "step_last": In(1),
                "operands": Out(data.ArrayLayout(signed(width), lanes)),
                "result": In(1),
                "result_last": In(1),
                "results": In(data.ArrayLayout(signed(width), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reads = reads = self._reads
        m.submodules.writes = writes = self._writes
        if reads.is_loaded:
            load_program(m, self.program, reads, writes)
            report_parity(m, self, reads, writes)
        m.d.comb += [
            reads.advance.eq(self.step & self.step_last),
            writes.advance.eq(self.result & self.result_last),
        ]
        word = self.technology.ram(
            m,
            read_row=self._walk(m, "source", self.step, reads),
            write_enable=self.result & writes.current.store,
            write_row=self._walk(m, "destination", self.result, writes),
            write_data=self.results.as_value(),
            depth=max(2, self.depth),
            output_register=True,
            name="words",
        )
        m.d.comb += self.operands.as_value().eq(word)
        return m

    def _walk(
        self,
        m: Module,
        field: str,
        step: Value,
        instruction: InstructionRegister | LoadedInstructionRegister,
    ) -> Signal:
        """The word of the present step: each layer's first one is in an instruction field."""
        row = Signal(
            range(max(2, self.depth)), init=getattr(instruction.first, field), name=f"{field}_row"
        )
        following = getattr(instruction.upcoming, field)
        with m.If(step):
            m.d.sync += row.eq(Mux(instruction.advance, following, row + 1))
        if isinstance(instruction, LoadedInstructionRegister):
            with m.If(instruction.begins):
                m.d.sync += row.eq(following)
        return row
