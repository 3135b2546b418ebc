"""What it saves to fit instructions to a program."""

from __future__ import annotations

from ...machine import Limits
from .cells import Cells

FIELD_BITS = 16
NARROW_FIELDS = {
    "operation": 2,
    "parameter_mode": 2,
    **dict.fromkeys(("pad_value", "zero_point", "lo", "hi", "table"), 8),
    **dict.fromkeys(("chunk_weight", "fence", "chase", "frees_frame"), 1),
    **dict.fromkeys(("to_stream", "residual_only", "paired", "combination", "add", "store"), 1),
    "bias": 9,
    "residual_bias": 9,
    "shift": 6,
    **dict.fromkeys(("last_run_short", "overlaps"), 1),
}
"""Bits of instruction fields that never need `FIELD_BITS`."""


def trimmed_fields(limits: Limits) -> Cells:
    """What every field of every instruction in full width would cost.

    Counted, not synthesized: an engine with a fixed layout takes its program from a memory that may
    hold any, so that each bit of an instruction is one of the register that holds the instruction
    at work, and one of the memory for each layer. From a program that is known, a synthesizer
    would drop what never changes.
    """
    spared = 0
    for layout in limits.layouts.values():
        spared += sum(NARROW_FIELDS.get(name, FIELD_BITS) for name in layout.fields) - layout.width
    return Cells(flip_flops=spared, memory_bits=spared * limits.layers)
