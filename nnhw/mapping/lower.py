"""From a loop nest to the three instructions of a layer."""

from __future__ import annotations

from dataclasses import replace

from ..ir import Graph
from ..isa import (
    DrainInstruction,
    FetchInstruction,
    Operation,
    ParameterMode,
    WriteBackInstruction,
)
from .config import EngineConfig
from .geometry import Geometry
from .memory_plan import MemoryPlan
from .parts import Part


def drain_steps(geometry: Geometry, config: EngineConfig) -> tuple[int, int]:
    """Drain steps of a tile, and of a pixel's last tile."""
    return -(-geometry.tile_size // config.lanes), -(-geometry.tile_size_last // config.lanes)


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
    """The fetch instruction of a layer, which waits for nothing (see `with_waits`).

    Steps of loops that make one trip only are zero, so that they cost no hardware.

    Parameters
    ----------
    lane_minimum
        Smallest activation of the datapath: what padding delivers to a maximum.
    weight_base, frees_frame, to_stream
        See `FetchInstruction`.
    """
    geometry = part.geometry
    weighted = part.weight is not None
    space = 1 << plan.address_bits
    zero_point = graph.tensors[part.inputs[0]].q.zero_point
    base = plan.address(part.inputs[0])
    pitch = geometry.row_pitch
    if len(part.inputs) == 2:
        pitch = plan.address(part.inputs[1]) - base
    out_row = geometry.out_row_step if geometry.out_rows > 1 else 0
    roll = geometry.roll_step if geometry.rolls > 1 else 0
    tap_y = geometry.tap_y_step if geometry.taps_y > 1 else 0
    cycles_a_step = 2 if geometry.operation is Operation.LANE_PAIR else 1
    steps, steps_last = drain_steps(geometry, config)
    return FetchInstruction(
        operation=int(geometry.operation),
        source=(base + geometry.y_start * pitch) % space,
        y_start=geometry.y_start,
        x_start=geometry.x_start,
        out_rows=geometry.out_rows - 1,
        out_cols=geometry.out_cols - 1,
        tiles=geometry.tiles - 1,
        rolls=geometry.rolls - 1,
        warmup=geometry.warmup,
        taps_y=geometry.taps_y - 1,
        taps_x=geometry.taps_x - 1,
        chunks=geometry.chunks - 1,
        out_row_pitch=out_row * pitch % space,
        out_row_y=0 if geometry.flat else out_row,
        out_col_x=geometry.out_col_x if geometry.out_cols > 1 else 0,
        tile_x=geometry.tile_x if geometry.tiles > 1 else 0,
        roll_pitch=roll * pitch % space,
        roll_y=0 if geometry.flat else roll,
        tap_y_pitch=tap_y * pitch % space,
        tap_y_y=0 if geometry.flat else tap_y,
        tap_x_x=geometry.tap_x_x if geometry.taps_x > 1 else 0,
        tap_x_pitch=geometry.tap_x_pitch,
        chunk_x=geometry.chunk_x,
        last_run_short=int(geometry.last_run_short),
        row_length=geometry.row_length,
        height=geometry.height,
        pad_value=lane_minimum if geometry.operation is Operation.LANE_MAX else zero_point,
        weight_base=weight_base,
        weight_step=int(weighted),
        tile_weights=int(weighted and geometry.tile_weights),
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
    return DrainInstruction(
        paired=int(geometry.operation is Operation.LANE_PAIR),
        product=int(part.multiplies),
        pixels=geometry.pixels - 1,
        row_pixels=geometry.out_cols - 1 if part.row_gap or part.pixel_gap else 0,
        tiles=geometry.tiles - 1,
        rolls=geometry.rolls - geometry.warmup - 1,
        steps=steps - 1,
        steps_last=steps_last - 1,
        count=geometry.tile_size - (steps - 1) * config.lanes,
        count_last=geometry.tile_size_last - (steps_last - 1) * config.lanes,
        parameter_base=parameter_base,
        parameter_mode=int(geometry.parameter_mode),
        later_words=parameter_count(geometry, config) // 2 if geometry.skipped_rows else 0,
    )


def lower_write_back(
    part: Part, graph: Graph, plan: MemoryPlan, *, table: int, to_stream: bool
) -> WriteBackInstruction:
    """The write-back instruction of a layer."""
    _, width, channels = graph.tensors[part.node.output].shape
    rolls = part.geometry.rolls - part.geometry.warmup - 1
    return WriteBackInstruction(
        zero_point=part.zero_point,
        lo=part.lo,
        hi=part.hi,
        rolls=rolls,
        roll_pitch=width * channels if rolls else 0,
        pixel_gap=part.pixel_gap,
        row_gap=part.row_gap,
        table=table,
        destination=0 if to_stream else plan.address(part.node.output) + part.offset,
        to_stream=int(to_stream),
    )


def parameter_count(geometry: Geometry, config: EngineConfig) -> int:
    """Words of requantization parameters of a layer."""
    steps, steps_last = drain_steps(geometry, config)
    if geometry.skipped_rows:
        return 2 * parameter_count(replace(geometry, skipped_rows=0), config)
    if geometry.parameter_mode is ParameterMode.CHANNEL:
        return (geometry.tiles - 1) * steps + steps_last
    if geometry.parameter_mode is ParameterMode.TILE:
        return steps
    if geometry.parameter_mode is ParameterMode.PIXEL:
        return geometry.pixels
    return 2 if geometry.operation is Operation.LANE_PAIR else 1
