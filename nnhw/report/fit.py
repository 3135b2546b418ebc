"""How the hardware is fitted to the network: what was kept, what was left out, what that saves.

Savings are counted against an engine of the same size that could run any network: 8-bit operands,
32-bit accumulators, double-buffered frames, bytes moved from anywhere to anywhere, and every field
of every instruction stored in the width that this network's values need.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..isa import LOOPS, Instruction, InstructionLayout, Operation
from ..mapping import Program
from .structure import Fit

GENERAL_OPERAND = 8
GENERAL_ACCUMULATOR = 32
GENERAL_FRAME_BUFFERS = 2


def describe_fit(program: Program) -> tuple[Fit, ...]:
    """One entry for each part of the hardware that depends on the network."""
    return (
        _operations(program),
        *(
            _instruction(f"{name} instruction", instructions)
            for name, instructions in program.instructions.items()
        ),
        _loops(program),
        _padding(program),
        _rotator("read rotator", program.read_granularity, program),
        _rotator("write rotator", program.write_granularity, program),
        _frame_buffers(program),
        _weights(program),
        _accumulators(program),
        _option(
            "second scaled operand", program.paired, "for pairs of tensors", "no layer reads two"
        ),
        _option(
            "product of operands", program.multiplies, "for products", "no layer multiplies tensors"
        ),
        _option(
            "residual stage",
            program.residual_depth > 0,
            "for additions while results are written",
            "no layer adds",
        ),
        _option("look-up tables", program.has_tables, "for functions", "no layer needs one"),
        _option("gaps in results", program.has_gaps, "for parts of tensors", "results have none"),
        _option(
            "requantizer multipliers",
            program.widths.multiplier > 0,
            f"{program.widths.multiplier} bits",
            "all factors are powers of two",
        ),
        _shifts(program),
    )


def _operations(program: Program) -> Fit:
    kept = [op.name for op in Operation if op in program.operations]
    left = [op.name for op in Operation if op not in program.operations]
    return Fit(part="array operations", kept=_names(kept), left_out=_names(left), saved="")


def _instruction(part: str, instructions: Sequence[Instruction]) -> Fit:
    """A field that never changes becomes a constant; program.txt names them."""
    layout = InstructionLayout(instructions)
    constant = [field for field in layout.fields.values() if field.constant is not None]
    stored = len(layout.fields) - len(constant)
    bits = len(instructions) * sum(field.width for field in constant)
    return Fit(
        part=part,
        kept=f"{stored} fields, {layout.width} bits",
        left_out=f"{len(constant)} constant fields" if constant else "none",
        saved=f"{bits} bits of memory" if bits else "",
    )


def _loops(program: Program) -> Fit:
    """A loop that makes one trip in every layer needs no counter."""
    longest = {name: max(getattr(fetch, name) for fetch in program.fetch) for name in LOOPS}
    kept = [f"{name} {last.bit_length()}" for name, last in longest.items() if last]
    return Fit(
        part="loop counters, bits",
        kept=_names(kept),
        left_out=_names([name for name, last in longest.items() if not last]),
        saved="",
    )


def _padding(program: Program) -> Fit:
    if program.padded:
        return Fit(part="padding mask", kept="by position", left_out="none", saved="")
    saved = f"{program.config.fetch_width * program.widths.activation} two-input multiplexers"
    return Fit(part="padding mask", kept="none", left_out="no layer pads", saved=saved)


def _rotator(part: str, granularity: int, program: Program) -> Fit:
    """A rotator has a row of multiplexers for each power of two from its granularity on."""
    banks = program.config.banks
    spared = (granularity - 1).bit_length() * banks * program.widths.activation
    kept = "none" if granularity == banks else f"by multiples of {granularity} of {banks} bytes"
    return Fit(
        part=part,
        kept=kept,
        left_out="all" if granularity == banks else "finer steps" if spared else "none",
        saved=f"{spared} two-input multiplexers" if spared else "",
    )


def _frame_buffers(program: Program) -> Fit:
    spared = GENERAL_FRAME_BUFFERS - program.config.frame_buffers
    row = program.config.banks * program.widths.activation
    return Fit(
        part="frame buffers",
        kept=str(program.config.frame_buffers),
        left_out="the second, which would gain nothing" if spared else "none",
        saved=f"{spared * program.frame_depth * row} bits of memory" if spared else "",
    )


def _weights(program: Program) -> Fit:
    width = program.widths.weight
    spared = (GENERAL_OPERAND - width) * program.weights.size
    return Fit(
        part="weights",
        kept=f"{width} bits",
        left_out=f"{GENERAL_OPERAND - width} of {GENERAL_OPERAND} bits" if spared else "none",
        saved=f"{spared} bits of memory" if spared else "",
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


def _option(part: str, wanted: bool, why: str, why_not: str) -> Fit:
    """A part that is generated as a whole or not at all."""
    if wanted:
        return Fit(part=part, kept=why, left_out="none", saved="")
    return Fit(part=part, kept="none", left_out=why_not, saved="")


def _shifts(program: Program) -> Fit:
    kept = _names([str(shift) for shift in program.shifts])
    return Fit(part="requantizer shifts", kept=kept, left_out="any other distance", saved="")


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"
