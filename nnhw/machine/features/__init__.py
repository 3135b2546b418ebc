"""The features: each piece of hardware that an engine may have or not, said once.

The table of what was fitted, costs, and docs/optional_hardware.md are derived from them.
"""

from .feature import Feature
from .operands import (
    FRAME_CHECK,
    LANE_GROUPS,
    PADDING,
    PROGRAMMABLE,
    READ_ROTATOR,
    READ_SINGLE_BYTES,
    SECOND_FRAME,
    WRITE_ROTATOR,
    WRITE_SINGLE_BYTES,
)
from .operations import (
    LANE_MAXIMUM,
    LANE_SUMS,
    MAXIMA,
    MINIMA,
    MULTIPLIERS,
    PAIRS,
    PRODUCTS,
    SHIFTS,
    combination_feature,
)
from .registry import features, register_feature
from .results import GAPS, RESIDUALS, TABLES
from .rolling import OVERLAPPING_STRIPS, PARITY, ROLLS, ROWS_IN_THE_MAKING, SKIPPED_PADDING
from .sequencing import CHASE, FENCE, LOOP_FEATURES
from .slices import JOINED_COLUMNS, JOINED_LANES
from .widths import ACCUMULATOR_WIDTH, WEIGHT_WIDTH

for _feature in (
    # first, so that all others are measured in engines that are not loaded
    PROGRAMMABLE,
    RESIDUALS,
    TABLES,
    PRODUCTS,
    MINIMA,
    MAXIMA,
    PAIRS,
    GAPS,
    OVERLAPPING_STRIPS,
    ROWS_IN_THE_MAKING,
    SKIPPED_PADDING,
    PARITY,
    ROLLS,
    PADDING,
    READ_ROTATOR,
    WRITE_ROTATOR,
    LANE_MAXIMUM,
    LANE_SUMS,
    LANE_GROUPS,
    JOINED_COLUMNS,
    JOINED_LANES,
    SHIFTS,
    MULTIPLIERS,
    CHASE,
    FENCE,
    SECOND_FRAME,
    FRAME_CHECK,
    *LOOP_FEATURES,
    WRITE_SINGLE_BYTES,
    READ_SINGLE_BYTES,
    ACCUMULATOR_WIDTH,
    WEIGHT_WIDTH,
):
    register_feature(_feature)


def feature_rows() -> list[str]:
    """The rows of the table of features in the documentation."""
    rows: dict[str, str] = {}
    for feature in features():
        components = ", ".join(f"`{name}`" for name in feature.components)
        name = feature.listed_as or feature.name
        rows.setdefault(name, f"| {name} | {feature.kept_if} | {components} |")
    return list(rows.values())


__all__ = ["Feature", "combination_feature", "feature_rows", "features", "register_feature"]
