"""What becomes of results on their way to memory."""

from __future__ import annotations

from typing import cast

import numpy as np

from ...isa import DrainInstruction
from ..variant import Variant
from .feature import Feature

FACTOR_BITS = 16
"""Of the factors of an addition that a network without any is spared."""


def _without_residuals(variant: Variant) -> Variant:
    plain = variant.with_fields({"write-back": {"residual_only": 0}})
    return plain.with_instructions({"residual": ()}).with_limits(residual_depth=0)


def _with_residuals(variant: Variant) -> Variant:
    """Enough words for the last layer's results, which adds some of its size and keeps them."""
    reach = 1 << (variant.machine.datapath.widths.activation - 1)
    factor = (1 << FACTOR_BITS) - 1
    addition = {
        "add": 1,
        "store": 1,
        "bias": reach,
        "multiplier": factor,
        "residual_bias": reach,
        "residual_multiplier": factor,
        "shift": FACTOR_BITS,
        "zero_point": -reach,
        "lo": -reach,
        "hi": reach - 1,
    }
    last = cast(DrainInstruction, variant.image.instructions["drain"][-1])
    adding = variant.with_fields({"residual": addition}, only_last=True)
    return adding.with_limits(residual_depth=last.total_steps)


RESIDUALS = Feature(
    name="residual stage",
    kept_if="a layer adds an earlier layer's results to its own",
    left_out="no layer adds",
    components=("write_back",),
    is_in=lambda machine: machine.limits.residual_depth > 0,
    remove=_without_residuals,
    add=_with_residuals,
)


def _with_a_table(variant: Variant) -> Variant:
    reach = 1 << (variant.machine.datapath.widths.activation - 1)
    asked = variant.with_fields({"write-back": {"table": 1}}, only_last=True)
    return asked.with_tables(np.arange(-reach, reach))


TABLES = Feature(
    name="look-up tables",
    kept_if="a layer is a function that is no clamp",
    left_out="no layer needs one",
    components=("write_back",),
    fields={"write-back": ("table",)},
    remove=lambda variant: variant.with_fields({"write-back": {"table": 0}}).with_tables(),
    add=_with_a_table,
)


def _with_gaps(variant: Variant) -> Variant:
    widest = (1 << variant.machine.addresses.bits) - 1
    return variant.with_fields(
        {
            "drain": {"row_pixels": max(1, variant.largest("fetch", "out_cols"))},
            "write-back": {"pixel_gap": widest, "row_gap": widest},
        },
        only_last=True,
    )


GAPS = Feature(
    name="gaps in results",
    kept_if="a layer writes a part of a tensor: concatenation, resizing, depth to space",
    left_out="results have none",
    components=("drain", "write_back"),
    fields={"drain": ("row_pixels",), "write-back": ("pixel_gap", "row_gap")},
    add=_with_gaps,
)
