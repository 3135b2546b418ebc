"""Optional hardware that a network did not ask for, and what an engine for any network would have.

Each function adds one piece to a program's engine; None if it is there. They are applied one after
the other in the order of `ADDITIONS`. Where a piece depends on instructions, the last layer asks
for it: how many layers do makes no difference to the hardware.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...isa import ROW, Operation, X, Y
from ...mapping import Program
from .removals import LOOP_STEPS
from .variants import Piece, any_fetch, largest_fetch, vary, vary_layers

OPERAND_BITS = 8
ACCUMULATOR_BITS = 32
MULTIPLIER_BITS = 16
SLOTS = 3
TRIPS = 16


def _weights(program: Program) -> Program | None:
    if program.widths.weight == OPERAND_BITS:
        return None
    return vary(program, widths=replace(program.widths, weight=OPERAND_BITS))


def _accumulators(program: Program) -> Program | None:
    if program.widths.accumulator >= ACCUMULATOR_BITS:
        return None
    return vary(program, widths=replace(program.widths, accumulator=ACCUMULATOR_BITS))


def _padding(program: Program) -> Program | None:
    return None if program.padded else vary(program, padded=True)


def _read_rotator(program: Program) -> Program | None:
    return vary(program, read_granularity=1) if program.read_granularity > 1 else None


def _write_rotator(program: Program) -> Program | None:
    if program.write_granularity == 1 or not program.depth:
        return None
    return vary(program, write_granularity=1)


def _operation(program: Program, operation: Operation) -> Program | None:
    if operation in program.operations:
        return None
    asked = vary_layers(
        program,
        fetch={"operation": int(operation)},
        drain={"paired": int(operation is Operation.LANE_PAIR)},
        only_last=True,
    )
    return vary(asked, operations=program.operations | {operation})


def _products(program: Program) -> Program | None:
    if program.multiplies:
        return None
    return vary_layers(program, drain={"product": 1}, only_last=True)


def _tables(program: Program) -> Program | None:
    if program.has_tables:
        return None
    reach = 1 << (program.widths.activation - 1)
    asked = vary_layers(program, write_back={"table": 1}, only_last=True)
    return vary(asked, tables=(np.arange(-reach, reach),))


def _residuals(program: Program) -> Program | None:
    """Enough words for the last layer's results, which adds some of its size and keeps them."""
    if program.residual_depth:
        return None
    reach = 1 << (program.widths.activation - 1)
    factor = (1 << MULTIPLIER_BITS) - 1
    constants = {
        "bias": reach,
        "multiplier": factor,
        "residual_bias": reach,
        "residual_multiplier": factor,
        "shift": MULTIPLIER_BITS,
        "zero_point": -reach,
        "lo": -reach,
        "hi": reach - 1,
    }
    asked = vary_layers(program, residual={"add": 1, "store": 1, **constants}, only_last=True)
    return vary(asked, residual_depth=-(-program.layers[-1].size // program.config.lanes))


def _gaps(program: Program) -> Program | None:
    if program.has_gaps:
        return None
    widest = (1 << program.address_bits) - 1
    return vary_layers(
        program,
        drain={"row_pixels": max(1, largest_fetch(program, "out_cols"))},
        write_back={"pixel_gap": widest, "row_gap": widest},
        only_last=True,
    )


def _slots(program: Program) -> Program | None:
    slots = min(SLOTS, program.config.lane_slots)
    return vary(program, lane_slots=slots) if program.lane_slots == 1 < slots else None


def _rolls(program: Program) -> Program | None:
    if any_fetch(program, "rolls"):
        return None
    rolls = {"rolls": max(1, largest_fetch(program, "out_rows"))}
    pitch = {"roll_pitch": largest_fetch(program, "row_length")}
    return vary_layers(
        program,
        fetch={**rolls, **pitch, "warmup": 1, "roll_y": 1},
        drain=rolls,
        write_back={**rolls, **pitch},
        only_last=True,
    )


def _multipliers(program: Program) -> Program | None:
    """With multiplier, shifts are larger by its bits for results of the same size."""
    if program.widths.multiplier:
        return None
    shifts = tuple(shift + MULTIPLIER_BITS for shift in program.shifts)
    return vary(program, widths=replace(program.widths, multiplier=MULTIPLIER_BITS), shifts=shifts)


def _wait(program: Program, name: str) -> Program | None:
    if any_fetch(program, name):
        return None
    return vary_layers(program, fetch={name: 1}, only_last=True)


def _second_frame_buffer(program: Program) -> Program | None:
    if program.config.frame_buffers == 2:
        return None
    return vary(program, config=replace(program.config, frame_buffers=2))


def _loop(program: Program, loop: str) -> Program | None:
    """Enough trips to walk along an image row, or down a column of `TRIPS` pixels."""
    if any_fetch(program, loop):
        return None
    row = largest_fetch(program, "row_length")
    step = {X: max(1, row // TRIPS), ROW: row, Y: 1}
    steps = {field: step[coordinate] for field, coordinate in LOOP_STEPS[loop].items()}
    return vary_layers(program, fetch={loop: TRIPS - 1, **steps}, only_last=True)


def _skipped_rows(program: Program) -> Program | None:
    if any(layer.drain.last_words for layer in program.layers):
        return None
    words = max(1, len(program.parameters) // len(program.layers))
    return vary_layers(
        program, drain={"later_words": words, "last_words": 2 * words}, only_last=True
    )


def _joined(program: Program) -> Program | None:
    if any_fetch(program, "joined") or not any_fetch(program, "rolls"):
        return None
    return vary_layers(program, fetch={"joined": 1}, only_last=True)


def _parity(program: Program) -> Program | None:
    """Two taps in the first half of the image, one in the second, in the last layer."""
    if any_fetch(program, "tap_x_pitch"):
        return None
    half = largest_fetch(program, "row_length")
    taps = {"taps_x": 1, "chunks": 1, "chunk_x": program.config.rows + 1}
    return vary_layers(
        program, fetch={**taps, "tap_x_pitch": half, "last_run_short": 1}, only_last=True
    )


ADDITIONS: tuple[Piece, ...] = (
    Piece(
        name=f"{OPERAND_BITS}-bit weights",
        parts=("weights", "weight_register", "column", "lane_unit"),
        change=_weights,
    ),
    Piece(
        name=f"{ACCUMULATOR_BITS}-bit accumulators",
        parts=("column", "lane_unit", "drain", "scaler"),
        change=_accumulators,
    ),
    Piece(name="padding mask", parts=("read_aligner", "fetch"), change=_padding),
    Piece(
        name="read rotator, single bytes",
        parts=("read_aligner", "frame_buffer"),
        change=_read_rotator,
    ),
    Piece(name="write rotator, single bytes", parts=("write_aligner",), change=_write_rotator),
    Piece(
        name="lane sums",
        parts=("lane_unit", "drain", "fetch"),
        change=lambda program: _operation(program, Operation.LANE_SUM),
    ),
    Piece(
        name="lane maximum",
        parts=("lane_unit", "drain", "fetch"),
        change=lambda program: _operation(program, Operation.LANE_MAX),
    ),
    Piece(
        name="pairs of operands",
        parts=("lane_unit", "drain", "scaler", "write_back", "fetch"),
        change=lambda program: _operation(program, Operation.LANE_PAIR),
    ),
    Piece(name="products of tensors", parts=("drain", "scaler"), change=_products),
    Piece(name="look-up tables", parts=("write_back",), change=_tables),
    Piece(name="residual stage", parts=("write_back",), change=_residuals),
    Piece(name="gaps in results", parts=("drain", "write_back"), change=_gaps),
    Piece(name="rows in the making", parts=("lane_unit",), change=_slots),
    Piece(name="rolling strips", parts=("fetch", "drain", "write_back"), change=_rolls),
    Piece(name="skipped padding", parts=("drain",), change=_skipped_rows),
    Piece(name="joined strips", parts=("fetch", "weight_register"), change=_joined),
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
    # after the loops, of which it takes two
    Piece(name="columns by parity", parts=("fetch",), change=_parity),
)
"""Pieces in the order in which they are added."""
