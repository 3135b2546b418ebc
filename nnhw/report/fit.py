"""How the hardware is fitted to the network: what was kept, what was left out, what that saves.

Savings are counted against an engine that can hold any network of the integer contract: 8-bit
operands, 32-bit accumulators, and every field of every instruction stored.
"""

from __future__ import annotations

from ..isa import InstructionLayout, Operation
from ..mapping import Program
from .structure import Fit

GENERAL_OPERAND = 8
GENERAL_ACCUMULATOR = 32


def describe_fit(program: Program) -> tuple[Fit, ...]:
    """One entry for each part of the hardware that depends on the network."""
    return (
        _operations(program),
        _instruction("fetch instruction", InstructionLayout(program.fetch), len(program.layers)),
        _instruction("drain instruction", InstructionLayout(program.drain), len(program.layers)),
        _instruction(
            "write-back instruction", InstructionLayout(program.write_back), len(program.layers)
        ),
        _loops(program),
        _weights(program),
        _accumulators(program),
        _second_operand(program),
        _shifts(program),
    )


def _operations(program: Program) -> Fit:
    kept = [op.name for op in Operation if op in program.operations]
    left = [op.name for op in Operation if op not in program.operations]
    return Fit(part="array operations", kept=_names(kept), left_out=_names(left), saved="")


def _instruction(part: str, layout: InstructionLayout, count: int) -> Fit:
    constant = [field for field in layout.fields.values() if field.constant is not None]
    stored = len(layout.fields) - len(constant)
    bits = count * sum(field.width for field in constant)
    return Fit(
        part=part,
        kept=f"{stored} fields, {layout.width} bits",
        left_out=f"{len(constant)} fields that never change",
        saved=f"{bits} bits of program memory",
    )


def _loops(program: Program) -> Fit:
    """A loop that runs once in every layer needs no counter."""
    names = ("out_rows", "out_cols", "tiles", "taps_y", "taps_x", "chunks")
    longest = {name: max(getattr(fetch, name) for fetch in program.fetch) for name in names}
    return Fit(
        part="loop counters",
        kept=_names([f"{name} ({n.bit_length()} bits)" for name, n in longest.items() if n]),
        left_out=_names([name for name, n in longest.items() if not n]),
        saved="",
    )


def _weights(program: Program) -> Fit:
    width = program.widths.weight
    spared = (GENERAL_OPERAND - width) * program.weights.size
    return Fit(
        part="weights",
        kept=f"{width} bits",
        left_out=f"{GENERAL_OPERAND - width} of {GENERAL_OPERAND} bits",
        saved=f"{spared} bits of weight memory" if spared else "",
    )


def _accumulators(program: Program) -> Fit:
    width = program.widths.accumulator
    # Each column has its accumulator and the shadow register that the drain reads.
    spared = 2 * program.config.cols * (GENERAL_ACCUMULATOR - width)
    return Fit(
        part="accumulators",
        kept=f"{width} bits",
        left_out=f"{GENERAL_ACCUMULATOR - width} of {GENERAL_ACCUMULATOR} bits",
        saved=f"{spared} bits of registers" if spared > 0 else "",
    )


def _second_operand(program: Program) -> Fit:
    part = "second requantizer term"
    if program.paired:
        return Fit(part=part, kept="for additions of tensors", left_out="none", saved="")
    return Fit(part=part, kept="none", left_out="no addition of tensors", saved="")


def _shifts(program: Program) -> Fit:
    return Fit(
        part="requantizer shifts",
        kept=_names([str(shift) for shift in program.shifts]),
        left_out="a shifter for any distance",
        saved="",
    )


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"
