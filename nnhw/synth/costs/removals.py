"""Optional hardware that a network may have asked for, and how to do without.

Each function takes one piece out of a program's engine; None if it is not there. They are applied
one after the other in the order of `REMOVALS`: what builds upon another piece goes first.
"""

from __future__ import annotations

from dataclasses import replace

from ...isa import LOOPS, ROW, Operation, X, Y
from ...mapping import Layer, Program
from .variants import Piece, any_fetch, map_layers, vary, vary_layers

LOOP_STEPS = {
    loop: {
        coordinate.steps[loop]: coordinate
        for coordinate in (X, ROW, Y)
        if coordinate.steps.get(loop) not in (None, "chunk_x", "tap_x_pitch")
    }
    for loop in reversed(LOOPS)
    if loop != "rolls"
}
"""Loops of the fetch sequencer but the rolls, and the instruction fields of their steps, each with
what it moves. Left out are the step of single fetches, which is the same everywhere, and the one
that belongs to columns by parity."""


def _residuals(program: Program) -> Program | None:
    if not program.residual_depth:
        return None
    return vary(vary_layers(program, write_back={"residual_only": 0}), residual_depth=0)


def _tables(program: Program) -> Program | None:
    if not program.has_tables:
        return None
    return vary(vary_layers(program, write_back={"table": 0}), tables=())


def _products(program: Program) -> Program | None:
    return vary_layers(program, drain={"product": 0}) if program.multiplies else None


def _operation(program: Program, operation: Operation) -> Program | None:
    """Without an operation of the array; its layers are given to another one."""
    others = program.operations - {operation}
    if operation not in program.operations or not others:
        return None
    other = max(others - {Operation.LANE_PAIR}, default=None)
    if other is None:
        return None

    def give(layer: Layer) -> Layer:
        if layer.fetch.operation != operation:
            return layer
        return replace(
            layer,
            fetch=replace(layer.fetch, operation=int(other)),
            drain=replace(layer.drain, paired=0),
        )

    return vary(map_layers(program, give), operations=others)


def _gaps(program: Program) -> Program | None:
    if not program.has_gaps:
        return None
    return vary_layers(program, drain={"row_pixels": 0}, write_back={"pixel_gap": 0, "row_gap": 0})


def _slots(program: Program) -> Program | None:
    if program.lane_slots == 1:
        return None
    return map_layers(program, lambda layer: replace(layer, lane_slots=1))


def _rolls(program: Program) -> Program | None:
    if not any_fetch(program, "rolls"):
        return None
    return vary_layers(
        program,
        fetch={"rolls": 0, "warmup": 0, "roll_pitch": 0, "roll_y": 0},
        drain={"rolls": 0},
        write_back={"rolls": 0, "roll_pitch": 0},
    )


def _skipped_rows(program: Program) -> Program | None:
    if not any(layer.drain.last_words for layer in program.layers):
        return None
    return vary_layers(program, drain={"later_words": 0, "last_words": 0})


def _joined(program: Program) -> Program | None:
    return vary_layers(program, fetch={"joined": 0}) if any_fetch(program, "joined") else None


def _parity(program: Program) -> Program | None:
    if not any_fetch(program, "tap_x_pitch"):
        return None
    plain = {"tap_x_pitch": 0, "last_run_short": 0, "chunk_x": program.config.rows}
    return vary_layers(program, fetch=plain)


def _padding(program: Program) -> Program | None:
    return vary(program, padded=False) if program.padded else None


def _read_rotator(program: Program) -> Program | None:
    banks = program.config.banks
    return vary(program, read_granularity=banks) if program.read_granularity < banks else None


def _write_rotator(program: Program) -> Program | None:
    banks = program.config.banks
    if program.write_granularity == banks or not program.depth:
        return None
    return vary(program, write_granularity=banks)


def _lane_groups(program: Program) -> Program | None:
    """Fetches as wide as a dot product; memories hold as much in fewer banks."""
    config = program.config
    if config.lane_groups == 1 or program.operations != {Operation.DOT}:
        return None
    narrow = replace(config, lane_groups=1)
    ratio = config.banks // narrow.banks
    return vary(
        program,
        config=narrow,
        depth=program.depth * ratio,
        frame_depth=program.frame_depth * ratio,
        read_granularity=min(program.read_granularity, narrow.banks),
        write_granularity=min(program.write_granularity, narrow.banks),
    )


def _shifts(program: Program) -> Program | None:
    return vary(program, shifts=program.shifts[:1]) if len(program.shifts) > 1 else None


def _multipliers(program: Program) -> Program | None:
    """Without multiplier, shifts are smaller by its bits for results of the same size."""
    bits = program.widths.multiplier
    if not bits:
        return None
    shifts = tuple(max(0, shift - bits) for shift in program.shifts)
    return vary(program, widths=replace(program.widths, multiplier=0), shifts=shifts)


def _wait(program: Program, name: str) -> Program | None:
    return vary_layers(program, fetch={name: 0}) if any_fetch(program, name) else None


def _second_frame_buffer(program: Program) -> Program | None:
    if program.config.frame_buffers == 1:
        return None
    return vary(program, config=replace(program.config, frame_buffers=1))


def _loop(program: Program, loop: str) -> Program | None:
    if not any_fetch(program, loop):
        return None
    return vary_layers(program, fetch=dict.fromkeys((loop, *LOOP_STEPS[loop]), 0))


REMOVALS: tuple[Piece, ...] = (
    Piece(name="residual stage", parts=("write_back",), change=_residuals),
    Piece(name="look-up tables", parts=("write_back",), change=_tables),
    Piece(name="products of tensors", parts=("drain", "scaler"), change=_products),
    Piece(
        name="pairs of operands",
        parts=("lane_unit", "drain", "scaler", "write_back", "fetch"),
        change=lambda program: _operation(program, Operation.LANE_PAIR),
    ),
    Piece(name="gaps in results", parts=("drain", "write_back"), change=_gaps),
    Piece(name="joined strips", parts=("fetch", "weight_register"), change=_joined),
    Piece(name="rows in the making", parts=("lane_unit",), change=_slots),
    Piece(name="skipped padding", parts=("drain",), change=_skipped_rows),
    Piece(name="columns by parity", parts=("fetch",), change=_parity),
    Piece(name="rolling strips", parts=("fetch", "drain", "write_back"), change=_rolls),
    Piece(name="padding mask", parts=("read_aligner", "fetch"), change=_padding),
    Piece(name="read rotator", parts=("read_aligner", "frame_buffer"), change=_read_rotator),
    Piece(name="write rotator", parts=("write_aligner",), change=_write_rotator),
    Piece(
        name="lane maximum",
        parts=("lane_unit", "drain", "fetch"),
        change=lambda program: _operation(program, Operation.LANE_MAX),
    ),
    Piece(
        name="lane sums",
        parts=("lane_unit", "drain", "fetch"),
        change=lambda program: _operation(program, Operation.LANE_SUM),
    ),
    Piece(
        name="more lanes than rows",
        parts=("read_aligner", "write_aligner", "drain", "fetch", "frame_buffer"),
        change=_lane_groups,
    ),
    Piece(name="choice of shifts", parts=("scaler", "parameters"), change=_shifts),
    Piece(
        name="requantizer multipliers",
        parts=("scaler", "parameters", "write_back"),
        change=_multipliers,
    ),
    Piece(
        name="chase", parts=("fetch", "write_back"), change=lambda program: _wait(program, "chase")
    ),
    Piece(name="fence", parts=("fetch",), change=lambda program: _wait(program, "fence")),
    Piece(name="second frame buffer", parts=("frame_buffer",), change=_second_frame_buffer),
    *(
        Piece(
            name=f"loop {loop}",
            parts=("fetch",),
            change=lambda program, loop=loop: _loop(program, loop),  # type: ignore[misc]
        )
        for loop in LOOP_STEPS
    ),
)
"""Pieces in the order in which they are taken away."""
