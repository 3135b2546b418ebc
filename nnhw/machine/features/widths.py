"""Widths of an engine for any network, of which others need only a part."""

from __future__ import annotations

from .feature import Feature

OPERAND_BITS = 8
ACCUMULATOR_BITS = 32


WEIGHT_WIDTH = Feature(
    name=f"{OPERAND_BITS}-bit weights",
    kept_if="values need them: weights below 8 bits, accumulators below 32, instruction fields",
    left_out="all are narrower",
    components=("weights", "weight_register", "column", "lane_unit"),
    is_in=lambda machine: machine.datapath.widths.weight == OPERAND_BITS,
    add=lambda variant: variant.with_widths(weight=OPERAND_BITS),
    listed_as="full widths",
)

ACCUMULATOR_WIDTH = Feature(
    name=f"{ACCUMULATOR_BITS}-bit accumulators",
    kept_if=WEIGHT_WIDTH.kept_if,
    left_out="all are narrower",
    components=("column", "lane_unit", "drain", "scaler"),
    is_in=lambda machine: machine.datapath.widths.accumulator >= ACCUMULATOR_BITS,
    add=lambda variant: variant.with_widths(accumulator=ACCUMULATOR_BITS),
    listed_as="full widths",
)
