"""From a loop nest to the instructions of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from ..ir import Graph
from ..isa import (
    LOOPS,
    ROW,
    WEIGHT,
    DrainInstruction,
    FetchInstruction,
    Operation,
    ParameterMode,
    ResidualInstruction,
    WriteBackInstruction,
    X,
    Y,
    loop_fields,
)
from ..machine import EngineConfig
from .geometry import Geometry
from .memory_plan import MemoryPlan
from .part import Part


def drain_steps(geometry: Geometry, config: EngineConfig) -> tuple[int, int]:
    """Drain steps of a tile, and of a pixel's last tile."""
    return -(-geometry.tile_size // config.lanes), -(-geometry.tile_size_last // config.lanes)


def step_count(geometry: Geometry, config: EngineConfig) -> int:
    """Drain steps of a layer."""
    steps, steps_last = drain_steps(geometry, config)
    return geometry.pixels * geometry.finishing_rolls * ((geometry.tiles - 1) * steps + steps_last)


def lower_fetch(
    part: Part,
    graph: Graph,
    config: EngineConfig,
    plan: MemoryPlan,
    *,
    lane_minimum: int,
    weight_base: int,
    frees_frame: bool,
    to_stream: bool,
) -> FetchInstruction:
    """The fetch instruction of a layer that waits for nothing.

    Parameters
    ----------
    lane_minimum
        Smallest activation of the datapath: what padding delivers to a maximum.
    weight_base
        First weight word of the operator.
    frees_frame, to_stream
        See `FetchInstruction`.
    """
    geometry = part.geometry
    stored = part.stored or geometry
    weighted = part.weight is not None
    kernel_row = stored.fetches_per_row * weighted
    first_weight = geometry.first_tap_y * kernel_row + geometry.first_tap_x * stored.chunks
    space = 1 << plan.address_bits
    zero_point = graph.tensors[part.inputs[0]].q.zero_point
    base = plan.address(part.inputs[0])
    pitch = geometry.row_pitch
    if len(part.inputs) == 2:
        pitch = plan.address(part.inputs[1]) - base
    nest = loop_fields(
        {loop: getattr(geometry, loop) for loop in LOOPS},
        {
            X: geometry.x_steps,
            ROW: {
                "taps_x": geometry.tap_x_pitch,
                **{loop: step * pitch % space for loop, step in geometry.row_steps.items()},
            },
            Y: {} if geometry.flat else geometry.row_steps,
            WEIGHT: {
                "tiles": stored.taps_y * kernel_row * geometry.tile_weights,
                "taps_y": kernel_row,
                "taps_x": stored.chunks * weighted,
                "chunks": int(weighted),
            },
        },
    )
    cycles_a_step = 2 if geometry.operation is Operation.LANE_PAIR else 1
    steps, steps_last = drain_steps(geometry, config)
    return FetchInstruction(
        operation=int(geometry.operation),
        source=(base + geometry.y_start * pitch) % space,
        y_start=0 if geometry.flat else geometry.y_start,
        x_start=geometry.x_start,
        warmup=geometry.warmup,
        joined=int(geometry.joined),
        # a constant, as nearly everywhere it is the same, also where there is one fetch a run
        **nest | {"chunk_x": geometry.x_steps["chunks"]},
        last_run_short=int(geometry.last_run_short),
        row_length=geometry.row_length,
        height=geometry.height,
        pad_value=lane_minimum if geometry.operation is Operation.LANE_MAX else zero_point,
        weight_base=weight_base + first_weight * weighted,
        fence=0,
        chase=0,
        frees_frame=int(frees_frame),
        to_stream=int(to_stream),
        drain_cycles=steps * cycles_a_step - 1,
        drain_cycles_last=steps_last * cycles_a_step - 1,
    )


def lower_drain(part: Part, config: EngineConfig, *, parameter_base: int) -> DrainInstruction:
    """The drain instruction of a layer whose parameters begin at word `parameter_base`."""
    geometry = part.geometry
    steps, steps_last = drain_steps(geometry, config)
    first, _, last = geometry.parameter_sets
    words = parameter_count(geometry, config) // sum(geometry.parameter_sets)
    return DrainInstruction(
        paired=int(geometry.operation is Operation.LANE_PAIR),
        product=int(part.multiplies),
        pixels=geometry.pixels - 1,
        row_pixels=geometry.out_cols - 1 if part.row_gap or part.pixel_gap else 0,
        tiles=geometry.tiles - 1,
        rolls=geometry.finishing_rolls - 1,
        steps=steps - 1,
        steps_last=steps_last - 1,
        count=geometry.tile_size - (steps - 1) * config.lanes,
        count_last=geometry.tile_size_last - (steps_last - 1) * config.lanes,
        parameter_base=parameter_base,
        parameter_mode=int(geometry.parameter_mode),
        later_words=words * first,
        last_words=words * (first + last),
    )


def lower_write_back(
    part: Part,
    graph: Graph,
    plan: MemoryPlan,
    *,
    table: int,
    to_stream: bool,
    residual_only: bool,
) -> WriteBackInstruction:
    """The write-back instruction of a layer; `table` and the others: see there."""
    _, width, channels = graph.tensors[part.node.output].shape
    rolls = part.geometry.finishing_rolls - 1
    return WriteBackInstruction(
        zero_point=part.zero_point,
        lo=part.lo,
        hi=part.hi,
        rolls=rolls,
        roll_pitch=width * channels if rolls else 0,
        pixel_gap=part.pixel_gap,
        row_gap=part.row_gap,
        table=table,
        destination=(0 if to_stream or residual_only else plan.address(part.output) + part.offset),
        to_stream=int(to_stream),
        residual_only=int(residual_only),
    )


def lower_residuals(
    parts: Sequence[Part],
    tables: Sequence[np.ndarray],
    words: Mapping[str, int],
    config: EngineConfig,
) -> list[ResidualInstruction]:
    """The residual instructions of all layers.

    Parameters
    ----------
    tables
        Bias, multiplier and shift of both operands of each layer that adds, int64 (2, 3).
    words
        First word in the residual memory of each tensor that is kept there.
    """
    before = steps_before(parts, config)
    adding = [pair for pair in zip(parts, before, strict=True) if pair[0].addition is not None]
    additions = [
        _addition(part, steps, table.tolist(), words)
        for (part, steps), table in zip(adding, tables, strict=True)
    ]
    places = [
        words[part.output] + steps
        for part, steps in zip(parts, before, strict=True)
        if part.output in words
    ]
    unused = dict.fromkeys((field.name for field in fields(ResidualInstruction)), 0)
    constants = additions[0] if additions else unused
    destination = places[0] if places else 0
    instructions = []
    for part in parts:
        adds, stores = part.addition is not None, part.output in words
        constants = additions.pop(0) if adds else constants
        destination = places.pop(0) if stores else destination
        changes = {"add": int(adds), "store": int(stores), "destination": destination}
        instructions.append(ResidualInstruction(**{**constants, **changes}))
    return instructions


def steps_before(parts: Sequence[Part], config: EngineConfig) -> list[int]:
    """For every part, the drain steps of earlier ones that write the same tensor."""
    written: dict[str, int] = {}
    steps = []
    for part in parts:
        steps.append(written.get(part.output, 0))
        written[part.output] = steps[-1] + step_count(part.geometry, config)
    return steps


def _addition(
    part: Part, steps: int, table: list[list[int]], words: Mapping[str, int]
) -> dict[str, int]:
    """Fields of a residual instruction that belong to the addition; `steps`: see `steps_before`."""
    assert part.addition is not None
    assert part.residual is not None
    own = part.addition.inputs.index(part.node.output)
    bias, multiplier, shift = table[own]
    residual_bias, residual_multiplier, _ = table[1 - own]
    return {
        "source": words[part.residual] + steps,
        "bias": bias,
        "multiplier": multiplier,
        "residual_bias": residual_bias,
        "residual_multiplier": residual_multiplier,
        "shift": shift,
        "zero_point": part.addition.zero_point,
        "lo": part.addition.lo,
        "hi": part.addition.hi,
    }


def parameter_count(geometry: Geometry, config: EngineConfig) -> int:
    """Words of requantization parameters of a layer."""
    steps, steps_last = drain_steps(geometry, config)
    if geometry.parameter_mode is ParameterMode.CHANNEL:
        return sum(geometry.parameter_sets) * ((geometry.tiles - 1) * steps + steps_last)
    if geometry.parameter_mode is ParameterMode.TILE:
        return sum(geometry.parameter_sets) * steps
    if geometry.parameter_mode is ParameterMode.PIXEL:
        return geometry.pixels
    return 2 if geometry.operation is Operation.LANE_PAIR else 1
