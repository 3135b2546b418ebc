"""What depthwise convolutions that roll down the image ask for."""

from __future__ import annotations

from ..variant import Variant
from .feature import Feature

SLOTS = 3
"""Output rows in the making that a network without any is spared."""


def _with_slots(variant: Variant) -> Variant | None:
    slots = min(SLOTS, variant.machine.config.lane_slots)
    return variant.with_limits(lane_slots=slots) if slots > 1 else None


ROWS_IN_THE_MAKING = Feature(
    name="rows in the making",
    kept_if="a depthwise convolution rolls down the image",
    left_out="no layer rolls",
    components=("lane_unit",),
    limits={"lane_slots": 1},
    add=_with_slots,
    kept=lambda machine: f"{machine.limits.lane_slots} a lane",
)


def _with_rolls(variant: Variant) -> Variant:
    rolls = {"rolls": max(1, variant.largest("fetch", "out_rows"))}
    pitch = {"roll_pitch": variant.largest("fetch", "row_length")}
    return variant.with_fields(
        {
            "fetch": {**rolls, **pitch, "warmup": 1, "roll_y": 1},
            "drain": rolls,
            "write-back": {**rolls, **pitch},
        },
        only_last=True,
    )


ROLLS = Feature(
    name="rolling strips",
    kept_if="a depthwise convolution rolls down the image: the loop over rolls",
    left_out="no layer rolls",
    components=("fetch", "drain", "write_back"),
    fields={
        "fetch": ("rolls", "warmup", "roll_pitch", "roll_y"),
        "drain": ("rolls",),
        "write-back": ("rolls", "roll_pitch"),
    },
    add=_with_rolls,
)


def _with_skipped_padding(variant: Variant) -> Variant:
    machine = variant.machine
    words = max(1, machine.datapath.parameter_words // machine.limits.layers)
    changes = {"drain": {"later_words": words, "last_words": 2 * words}}
    return variant.with_fields(changes, only_last=True)


SKIPPED_PADDING = Feature(
    name="skipped padding",
    kept_if="the first or the last roll of a strip would meet nothing but padding: the first or "
    "last row has parameters of its own",
    left_out="no roll is left out",
    components=("drain",),
    fields={"drain": ("later_words", "last_words")},
    add=_with_skipped_padding,
)


def _with_overlapping_strips(variant: Variant) -> Variant | None:
    if not variant.asks("fetch", "rolls"):
        return None
    return variant.with_fields({"fetch": {"overlaps": 1}}, only_last=True)


OVERLAPPING_STRIPS = Feature(
    name="overlapping strips",
    kept_if="the last roll of a strip would meet nothing but padding, so that the first one of the "
    "next strip takes its place",
    left_out="no last roll is left out",
    components=("fetch", "weight_register"),
    fields={"fetch": ("overlaps",)},
    add=_with_overlapping_strips,
)


def _without_parity(variant: Variant) -> Variant:
    rows = variant.machine.config.rows
    return variant.with_fields({"fetch": {"tap_x_pitch": 0, "last_run_short": 0, "chunk_x": rows}})


def _with_parity(variant: Variant) -> Variant:
    """Two taps in the first half of the image, one in the second, in the last layer."""
    taps = {"taps_x": 1, "chunks": 1, "chunk_x": variant.machine.config.rows + 1}
    half = {"tap_x_pitch": variant.largest("fetch", "row_length"), "last_run_short": 1}
    return variant.with_fields({"fetch": {**taps, **half}}, only_last=True)


PARITY = Feature(
    name="columns by parity",
    kept_if="a depthwise convolution with few channels has a stride of two: taps lie in two halves "
    "of the image",
    left_out="no image is stored in halves",
    components=("fetch",),
    fields={"fetch": ("tap_x_pitch", "last_run_short")},
    remove=_without_parity,
    add=_with_parity,
)
