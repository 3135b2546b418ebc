"""From layer plans to instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import accumulate

from ..ir import Graph
from ..isa import (
    ROW,
    WEIGHT,
    DrainInstruction,
    FetchInstruction,
    Operation,
    ResidualInstruction,
    WriteBackInstruction,
    X,
    Y,
    loop_fields,
)
from ..machine import EngineConfig, combination_code
from .images import parameter_bases, parameter_count, weight_bases
from .layer_plan import LayerPlan
from .memory_plan import MemoryPlan
from .program import Layer
from .requantizers import requantizer_tables
from .residual_plan import ResidualPlan
from .widths import activation_bits


def encode_layers(
    plans: Sequence[LayerPlan],
    graph: Graph,
    config: EngineConfig,
    memory: MemoryPlan,
    residuals: ResidualPlan,
    combinations: Sequence[str],
) -> tuple[Layer, ...]:
    """The layers of a graph, which do not wait for each other yet.

    `combinations`: see `Limits`.
    """
    outputs = {port.tensor for port in graph.outputs}
    # what padding delivers to a maximum is the smallest activation of the datapath
    lowest = -(1 << (activation_bits(graph) - 1))
    paddings = [
        lowest
        if plan.operation is Operation.LANE_MAX
        else graph.tensors[plan.inputs[0]].q.zero_point
        for plan in plans
    ]
    last_frame_reader = max(
        index for index, plan in enumerate(plans) if any(map(memory.is_input, plan.inputs))
    )
    tables = accumulate(int(plan.table is not None) for plan in plans)
    encoded = zip(
        plans,
        paddings,
        weight_bases(plans),
        parameter_bases(plans, config),
        tables,
        _residuals(plans, residuals.words, config),
        strict=True,
    )
    return tuple(
        Layer(
            **{field.name: getattr(plan, field.name) for field in fields(LayerPlan)},
            fetch=_fetch(
                plan,
                config,
                memory,
                pad_value=padding,
                weight_base=weight_base,
                frees_frame=index == last_frame_reader,
                to_stream=plan.tensor in outputs,
            ),
            drain=_drain(plan, config, parameter_base=parameter_base, combinations=combinations),
            write_back=_write_back(
                plan,
                memory,
                table=table if plan.table is not None else 0,
                to_stream=plan.tensor in outputs,
                residual_only=plan.tensor in residuals.unread,
            ),
            residual=residual,
        )
        for index, (plan, padding, weight_base, parameter_base, table, residual) in enumerate(
            encoded
        )
    )


def _fetch(
    plan: LayerPlan,
    config: EngineConfig,
    memory: MemoryPlan,
    *,
    pad_value: int,
    weight_base: int,
    frees_frame: bool,
    to_stream: bool,
) -> FetchInstruction:
    """The fetch instruction of a layer that waits for nothing."""
    nest = plan.nest
    base, *second = (memory.address(name) for name in plan.inputs)
    rows = dict(nest.steps[ROW])
    if second:
        rows["taps_y"] = second[0] - base
    counters = loop_fields(
        nest.trips,
        {
            X: nest.steps[X],
            ROW: rows,
            Y: nest.steps.get(Y, {}),
            WEIGHT: plan.weights.steps,
        },
        last_run_short=nest.last_run_short,
    )
    a_step = 2 if plan.is_paired else 1
    steps, steps_last = nest.drain_steps(config)
    return FetchInstruction(
        operation=int(plan.operation),
        source=(base + nest.starts.get(ROW, 0)) % memory.addresses.size,
        y_start=nest.starts.get(Y, 0),
        x_start=nest.starts.get(X, 0),
        warmup=nest.warmup,
        overlaps=int(nest.overlaps),
        # a constant, as nearly everywhere it is the same, also where there is one fetch a run
        **counters | {"chunk_x": nest.steps[X]["chunks"]},
        last_run_short=int(nest.last_run_short),
        row_length=nest.row_length,
        height=nest.height,
        pad_value=pad_value,
        weight_base=weight_base + plan.first_word,
        fence=0,
        chase=0,
        frees_frame=int(frees_frame),
        to_stream=int(to_stream),
        drain_cycles=steps * a_step - 1,
        drain_cycles_last=steps_last * a_step - 1,
    )


def _drain(
    plan: LayerPlan, config: EngineConfig, *, parameter_base: int, combinations: Sequence[str]
) -> DrainInstruction:
    """The drain instruction of a layer whose parameters begin at word `parameter_base`."""
    nest = plan.nest
    steps, steps_last = nest.drain_steps(config)
    first, _, last = plan.parameter_sets
    words = parameter_count(plan, config) // sum(plan.parameter_sets)
    return DrainInstruction(
        paired=int(plan.is_paired),
        combination=combination_code(plan.combination, combinations),
        joined=int(plan.weights.slices > 1),
        pixels=nest.pixels - 1,
        row_pixels=nest.trips["out_cols"] - 1 if plan.row_gap or plan.pixel_gap else 0,
        tiles=nest.tiles - 1,
        rolls=nest.finishing_rolls - 1,
        steps=steps - 1,
        steps_last=steps_last - 1,
        count=nest.tile_size - (steps - 1) * config.lanes,
        count_last=nest.tile_size_last - (steps_last - 1) * config.lanes,
        parameter_base=parameter_base,
        parameter_mode=int(plan.parameter_mode),
        later_words=words * first,
        last_words=words * (first + last),
    )


def _write_back(
    plan: LayerPlan, memory: MemoryPlan, *, table: int, to_stream: bool, residual_only: bool
) -> WriteBackInstruction:
    """The write-back instruction of a layer; `table` and the others: see there."""
    rolls = plan.nest.finishing_rolls - 1
    is_stored = not (to_stream or residual_only)
    return WriteBackInstruction(
        zero_point=plan.zero_point,
        lo=plan.lo,
        hi=plan.hi,
        rolls=rolls,
        roll_pitch=plan.row_pitch if rolls else 0,
        pixel_gap=plan.pixel_gap,
        row_gap=plan.row_gap,
        table=table,
        destination=memory.address(plan.tensor) + plan.offset if is_stored else 0,
        to_stream=int(to_stream),
        residual_only=int(residual_only),
    )


def _residuals(
    plans: Sequence[LayerPlan], words: Mapping[str, int], config: EngineConfig
) -> list[ResidualInstruction]:
    """The residual instructions of all layers.

    `words`: first word in the residual memory of each tensor that is kept there.
    """
    fused = [plan.fused for plan in plans if plan.fused is not None]
    tables = iter(requantizer_tables(fused))
    before = _steps_before(plans, config)
    additions = [
        _addition(plan, steps, next(tables).tolist(), words)
        for plan, steps in zip(plans, before, strict=True)
        if plan.fused is not None
    ]
    places = [
        words[plan.tensor] + steps
        for plan, steps in zip(plans, before, strict=True)
        if plan.tensor in words
    ]
    unused = dict.fromkeys((field.name for field in fields(ResidualInstruction)), 0)
    constants = additions[0] if additions else unused
    destination = places[0] if places else 0
    instructions = []
    for plan in plans:
        adds, stores = plan.fused is not None, plan.tensor in words
        constants = additions.pop(0) if adds else constants
        destination = places.pop(0) if stores else destination
        changes = {"add": int(adds), "store": int(stores), "destination": destination}
        instructions.append(ResidualInstruction(**{**constants, **changes}))
    return instructions


def _steps_before(plans: Sequence[LayerPlan], config: EngineConfig) -> list[int]:
    """For every layer, the drain steps of earlier ones that write the same tensor."""
    written: dict[str, int] = {}
    steps = []
    for plan in plans:
        steps.append(written.get(plan.tensor, 0))
        written[plan.tensor] = steps[-1] + plan.nest.total_steps(config)
    return steps


def _addition(
    plan: LayerPlan, steps: int, table: list[list[int]], words: Mapping[str, int]
) -> dict[str, int]:
    """Fields of a residual instruction that belong to the addition.

    `steps`: see `_steps_before`.
    """
    assert plan.fused is not None
    assert plan.addend is not None
    own = plan.fused.inputs.index(plan.node.output)
    bias, multiplier, shift = table[own]
    residual_bias, residual_multiplier, _ = table[1 - own]
    return {
        "source": words[plan.addend] + steps,
        "bias": bias,
        "multiplier": multiplier,
        "residual_bias": residual_bias,
        "residual_multiplier": residual_multiplier,
        "shift": shift,
        "zero_point": plan.fused.zero_point,
        "lo": plan.fused.lo,
        "hi": plan.fused.hi,
    }
