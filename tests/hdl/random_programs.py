"""Random instructions, as free as the instruction set is."""

from __future__ import annotations

import numpy as np

from nnhw.isa import (
    LOOPS,
    DrainInstruction,
    FetchInstruction,
    Operation,
    ParameterMode,
    WriteBackInstruction,
    field_docs,
)


def fetch_program(seed: int, *, space: int = 256) -> list[FetchInstruction]:
    """1 to 4 layers; loops and steps that are not used by any of them are common.

    Parameters
    ----------
    space
        Number of addresses.
    """
    rng = np.random.default_rng(seed)
    limits = {
        "operation": (0, 4),
        "source": (0, space),
        "y_start": (-3, 2),
        "x_start": (-9, 5),
        "out_rows": (0, 3),
        "out_cols": (0, 3),
        "tiles": (0, 3),
        "rolls": (0, 3),
        "taps_y": (0, 3),
        "taps_x": (0, 3),
        "chunks": (0, 3),
        "warmup": (0, 3),
        "overlaps": (0, 2),
        "out_row_pitch": (0, space),
        "out_row_y": (0, 3),
        "out_col_x": (-9, 9),
        "tile_x": (0, 9),
        "roll_pitch": (-space, space),
        "roll_y": (-3, 3),
        "tap_y_pitch": (-space, space),
        "tap_y_y": (0, 3),
        "tap_x_x": (-9, 9),
        "tap_x_pitch": (0, space),
        "chunk_x": (0, 9),
        "last_run_short": (0, 2),
        "row_length": (1, 30),
        "height": (1, 6),
        "pad_value": (-128, 128),
        "weight_base": (0, 40),
        "tile_weight": (0, 9),
        "tap_y_weight": (0, 9),
        "tap_x_weight": (0, 9),
        "chunk_weight": (0, 2),
        "fence": (0, 2),
        "chase": (0, 2),
        "frees_frame": (0, 2),
        "to_stream": (0, 2),
        "drain_cycles": (0, 6),
        "drain_cycles_last": (0, 6),
    }
    assert limits.keys() == field_docs(FetchInstruction).keys()
    constant = {name: rng.integers(*limit) for name, limit in limits.items() if rng.random() < 0.3}
    unused = [name for name in reversed(LOOPS) if rng.random() < 0.4]
    program = []
    for _ in range(rng.integers(1, 5)):
        fields = {name: rng.integers(*limit) for name, limit in limits.items()}
        fields |= constant | dict.fromkeys(unused, 0)
        fields["warmup"] = min(fields["warmup"], fields["rolls"])
        fields["last_run_short"] &= fields["taps_x"] > 0 and fields["chunks"] > 0
        strips = sum(fields[name] for name in ("out_rows", "out_cols", "tiles"))
        fields["overlaps"] &= fields["warmup"] > 0 and strips > 0
        if fields["operation"] == Operation.LANE_PAIR:  # two drain cycles a step
            fields["drain_cycles"] |= 1
            fields["drain_cycles_last"] |= 1
        program.append(FetchInstruction(**{name: int(value) for name, value in fields.items()}))
    return program


def drain_program(
    seed: int,
    *,
    lanes: int,
    modes: tuple[ParameterMode, ...],
    paired: bool,
    joins: bool = False,
    most_steps: int,
) -> list[DrainInstruction]:
    """3 layers.

    Parameters
    ----------
    lanes
        Results a step.
    modes
        What parameter modes there may be.
    paired
        Whether the second layer has two terms.
    joins
        Whether columns are joined in some layers.
    most_steps
        Steps of a tile, at most.
    """
    rng = np.random.default_rng(seed)
    program = []
    for layer in range(3):
        pair = paired and layer == 1
        row_pixels = int(rng.integers(1, 3))
        program.append(
            DrainInstruction(
                paired=int(pair),
                combination=int(pair and seed % 2),
                joined=int(joins and not pair and layer != seed % 2),
                pixels=row_pixels * int(rng.integers(1, 3)) - 1,
                row_pixels=row_pixels - 1,
                tiles=int(rng.integers(0, 3)),
                rolls=int(rng.integers(0, 3)),
                steps=int(rng.integers(0, most_steps)),
                steps_last=int(rng.integers(0, most_steps)),
                count=int(rng.integers(1, lanes + 1)),
                count_last=int(rng.integers(1, lanes + 1)),
                parameter_base=int(rng.integers(0, 30)),
                parameter_mode=int(ParameterMode.LAYER if pair else rng.choice(modes)),
                later_words=int(rng.integers(0, 2) * rng.integers(0, 9)),
                last_words=int(rng.integers(0, 2) * rng.integers(0, 9)),
            )
        )
    return program


def write_back_program(
    seed: int, *, layers: int, bits: int, space: int, gaps: bool = False, tables: int = 0
) -> list[WriteBackInstruction]:
    """Write-back instructions for activations of `bits`; the last layer goes to the stream.

    Parameters
    ----------
    space
        Number of addresses.
    gaps
        Whether layers without rolls leave gaps.
    tables
        Number of tables that there are.
    """
    rng = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    program = []
    for layer in range(layers):
        lo, hi = sorted(rng.integers(-half, half, 2).tolist())
        rolls = int(rng.integers(0, 3))
        program.append(
            WriteBackInstruction(
                zero_point=int(rng.integers(-half, half)),
                lo=lo,
                hi=hi,
                rolls=rolls,
                roll_pitch=int(rng.integers(0, space)) if rolls else 0,
                pixel_gap=int(rng.integers(0, 9)) if gaps and not rolls else 0,
                row_gap=int(rng.integers(0, 9)) if gaps and not rolls else 0,
                table=int(rng.integers(0, tables + 1)),
                destination=int(rng.integers(0, space)),
                to_stream=int(layer == layers - 1),
                residual_only=int(layer != layers - 1 and rng.random() < 0.3),
            )
        )
    return program
