"""What weights in slices ask for (see `nnhw.machine.slices`)."""

from __future__ import annotations

from ...isa import Operation
from ..variant import Variant
from .feature import Feature


def _with_joined_columns(variant: Variant) -> Variant | None:
    machine = variant.machine
    if machine.config.cols < 2 or Operation.DOT not in machine.limits.operations:
        return None
    return variant.with_fields({"drain": {"joined": 1}}, only_last=True)


JOINED_COLUMNS = Feature(
    name="joined columns",
    kept_if="weights of dot products are in slices: `slice_weights`",
    left_out="no weight takes two columns",
    components=("drain",),
    fields={"drain": ("joined",)},
    add=_with_joined_columns,
)


def _with_joined_lanes(variant: Variant) -> Variant | None:
    machine = variant.machine
    groups, slots = machine.config.lane_groups, machine.limits.lane_slots
    if Operation.LANE_SUM not in machine.limits.operations:
        return None
    if 2 * groups * slots > machine.config.cols:
        return None
    return variant.with_config(lane_slices=2)


JOINED_LANES = Feature(
    name="joined lanes",
    kept_if="weights of a depthwise convolution are in slices: `slice_weights`",
    left_out="no weight of a lane takes two columns",
    components=("lane_unit",),
    is_in=lambda machine: machine.config.lane_slices > 1,
    remove=lambda variant: variant.with_config(lane_slices=1),
    add=_with_joined_lanes,
)
