"""How the hardware is fitted to the network: what was kept, what was left out, what that saves.

Savings are counted against an engine of the same size that could run any network: 8-bit operands,
32-bit accumulators, double-buffered frames, bytes moved from anywhere to anywhere, and every field
of every instruction stored in the width that this network's values need.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..isa import LOOPS, Instruction, InstructionLayout
from ..machine import Feature, Machine, features
from ..machine.features.registry import is_own
from ..mapping import Program
from .structure import Fit

GENERAL_OPERAND = 8
GENERAL_ACCUMULATOR = 32


def describe_fit(program: Program) -> tuple[Fit, ...]:
    """One entry for each part of the hardware that depends on the network."""
    machine = program.machine
    return (
        *(
            _instruction(f"{name} instruction", instructions)
            for name, instructions in program.instructions.items()
        ),
        _loops(machine),
        _weights(machine),
        _accumulators(machine),
        # those that share a row of the documentation are told of by the entries before
        *(
            _feature(feature, machine)
            for feature in features()
            if not feature.listed_as and (is_own(feature) or feature.is_part_of(machine))
        ),
    )


def _feature(feature: Feature, machine: Machine) -> Fit:
    """A part that an engine may have or not."""
    saved = feature.saved(machine)
    if not feature.is_part_of(machine):
        return Fit(name=feature.name, kept="none", left_out=feature.left_out, saved=saved)
    left_out = feature.rest if saved else "none"
    return Fit(name=feature.name, kept=feature.kept(machine), left_out=left_out, saved=saved)


def _instruction(name: str, instructions: Sequence[Instruction]) -> Fit:
    """A field that never changes becomes a constant; program.txt names them."""
    layout = InstructionLayout.fit(instructions)
    constant = [field for field in layout.fields.values() if field.constant is not None]
    stored = len(layout.fields) - len(constant)
    bits = len(instructions) * sum(field.width for field in constant)
    return Fit(
        name=name,
        kept=f"{stored} fields, {layout.width} bits",
        left_out=f"{len(constant)} constant fields" if constant else "none",
        saved=f"{bits} bits of memory" if bits else "",
    )


def _loops(machine: Machine) -> Fit:
    """A loop that makes one trip in every layer needs no counter."""
    fields = machine.limits.layouts["fetch"].fields
    asked = {name: machine.limits.asks("fetch", name) for name in LOOPS}
    return Fit(
        name="loop counters, bits",
        kept=_names([f"{name} {fields[name].width}" for name in LOOPS if asked[name]]),
        left_out=_names([name for name in LOOPS if not asked[name]]),
        saved="",
    )


def _weights(machine: Machine) -> Fit:
    width = machine.datapath.widths.weight
    weights = machine.datapath.weight_words * machine.config.mac_units
    spared = (GENERAL_OPERAND - width) * weights
    return Fit(
        name="weights",
        kept=f"{width} bits",
        left_out=f"{GENERAL_OPERAND - width} of {GENERAL_OPERAND} bits" if spared else "none",
        saved=f"{spared} bits of memory" if spared else "",
    )


def _accumulators(machine: Machine) -> Fit:
    width = machine.datapath.widths.accumulator
    # Each column has its accumulator and the shadow register that the drain reads.
    spared = 2 * machine.config.cols * (GENERAL_ACCUMULATOR - width)
    return Fit(
        name="accumulators",
        kept=f"{width} bits",
        left_out=f"{GENERAL_ACCUMULATOR - width} of {GENERAL_ACCUMULATOR} bits",
        saved=f"{spared} bits of registers" if spared > 0 else "",
    )


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"
