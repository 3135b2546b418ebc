"""How long each stage takes, said once: components declare it, and the cycle model adds it up.

In cycles. What depends on nothing is a constant, all else a function of what the stage is made
with.
"""

from __future__ import annotations

MEMORY_LATENCY = 2
"""From an address at a memory to the data: its own register, and one behind it, without which block
RAMs are slow."""

FETCH_LATENCY = 1
"""From the issue of a fetch to its address."""

ACTIVATION_STAGES = 1
"""Registers of the activations on their way to all columns of the array."""

LANE_LATENCY = 1
"""From the products of a lane to its accumulator."""

LIMIT_LATENCY = 3
"""From a quotient to the integer between bounds: what is to be known of it, comparison and zero
point, choice."""

PARAMETER_ADDRESS_STAGES = 2
"""Registers between the number of a word of requantization parameters and their memory, which is
wide and so spread over the device."""

PARAMETER_LATENCY = PARAMETER_ADDRESS_STAGES + MEMORY_LATENCY
"""From the number of a word of requantization parameters to the word."""

TAG_LEAD = 1
"""From what is said of a fetch, at the array, to its activations there."""

DRAIN_LATENCY = 1
"""From a tile in the array to its first results beside their parameters, whose number is known
earlier."""

WEIGHT_REGISTER_LATENCY = 1
"""From a word of the weight memory to the array."""

RESULT_BUFFER_LATENCY = 3
"""From a group of results that is written to the output buffer until it is offered, and its entry
is free."""

GEARBOX_LATENCY = 2
"""From a group that completes a beat to that beat."""

RELEASE_LATENCY = 1
"""From the last read of a frame that is issued to the first beat that its buffer can take."""

ROTATION_LEVELS_PER_STAGE = 2
"""Levels of a logarithmic shifter between two registers."""


def rotation_stages(*, banks: int, granularity: int) -> int:
    """Registers of a rotator of `banks` elements by multiples of `granularity`; 0 if it is none."""
    levels = (banks // granularity).bit_length() - 1
    return -(-levels // ROTATION_LEVELS_PER_STAGE)


def row_stages(*, banks: int, granularity: int) -> int:
    """Registers from an address to the rows of all banks, of which some may be the next ones."""
    return 2 if granularity < banks else 1


def write_stages(*, banks: int, granularity: int) -> int:
    """Registers from results and their address to the banks."""
    return max(
        rotation_stages(banks=banks, granularity=granularity),
        row_stages(banks=banks, granularity=granularity),
    )


def aligner_latency(*, banks: int, granularity: int, memory_latency: int = MEMORY_LATENCY) -> int:
    """From an address to lanes: rows of the banks, memory, rotator and mask."""
    rows = row_stages(banks=banks, granularity=granularity)
    return rows + memory_latency + max(1, rotation_stages(banks=banks, granularity=granularity))


def tree_stages(*, rows: int, tree_levels_per_stage: int) -> int:
    """Registers in the adder tree of a column."""
    return -(-(rows - 1).bit_length() // tree_levels_per_stage)


def column_latency(*, rows: int, multiplier_stages: int, tree_levels_per_stage: int) -> int:
    """From operands to the accumulator of a column."""
    tree = tree_stages(rows=rows, tree_levels_per_stage=tree_levels_per_stage)
    return multiplier_stages + tree + 1


def lane_latency(*, multiplier_stages: int) -> int:
    """From operands to the accumulator of a lane."""
    return multiplier_stages + LANE_LATENCY


def scaler_latency(*, stages: int, paired: bool, multiplies: bool) -> int:
    """From results to rounded-down quotients: bias, product of operands, multiplier, sum of terms,
    shift."""
    return 1 + multiplies + stages + paired + 1


def adder_latency(*, stages: int) -> int:
    """From a layer's results to their sums with earlier ones: zero points, multiplier, sum, shift,
    and bounds."""
    return 1 + stages + 2 + LIMIT_LATENCY


def write_back_latency(*, tables: bool, residual_stages: int) -> int:
    """From quotients to results: bounds, table, and the `residual_stages` of the addition of
    earlier results, 0 without one."""
    return LIMIT_LATENCY + tables + residual_stages


def residual_turnaround(*, stages: int) -> int:
    """From a step whose results the residual memory keeps to the first one that can read them: it
    reads ahead of the addition, and what is written in a cycle is there in the next one."""
    return adder_latency(stages=stages) + MEMORY_LATENCY + 1
