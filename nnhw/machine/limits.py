"""What a program may ask of a machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import Any, cast

from ..isa import (
    DrainInstruction,
    FetchInstruction,
    Instruction,
    InstructionLayout,
    Operation,
    ParameterMode,
    ResidualInstruction,
    WriteBackInstruction,
    X,
    Y,
    coordinate_bits,
    granularity,
)
from .combinations import PRODUCT
from .config import EngineConfig
from .joining import Joinable, Shortfall, ascending, both, either, in_order, joined_by, union
from .operands import ACTIVATIONS

Instructions = Mapping[str, Sequence[Instruction]]
"""All lists of instructions that there are, by what they are called: "fetch", "drain",
"write-back", and "residual" if any layer adds earlier results."""


def _join_layouts(
    a: Mapping[str, InstructionLayout], b: Mapping[str, InstructionLayout]
) -> dict[str, InstructionLayout]:
    return {
        name: a[name].join(b[name]) if name in a and name in b else {**a, **b}[name]
        for name in {**a, **b}
    }


@dataclass(frozen=True, kw_only=True)
class Limits(Joinable):
    """What a program may ask of a machine, but for the width of its constants (`Datapath`).

    Parameters
    ----------
    layers
        Instructions of each kind.
    layouts
        Widths of their fields, and which of these never change.
    x_bits, y_bits
        Of what these coordinates run through.
    operations, parameter_modes
        Those that there are.
    last_words
        Whether the last tile of a strip may have other parameters than those in the middle.
    read_granularity, write_granularity
        Largest power of two up to the number of banks that divides the address of every fetch, of
        every write.
    padded
        Whether any lane of any fetch lies in padding.
    lane_slots
        Products that a lane takes at once.
    tile_cycles
        Drain cycles of a tile.
    tile_entries
        Entries of the output buffer that a tile takes; 0 if nothing is streamed.
    streams_pairs
        Whether results of pairs are streamed.
    output_counts
        How many results a drain step to the output stream may hold.
    chased_bytes
        Size of a tensor whose writer is chased; 0 if none is.
    residual_shifts
        Of the additions of earlier results.
    multiplies
        Whether tensors are multiplied with each other.
    combinations
        Names of the other ways in which pairs are combined, in the order of their codes (see
        `combination_code`).
    depth, frame_depth, residual_depth
        Rows of the activation memory and of a frame, words of the residual memory; 0 for none.
    frame_bytes, outputs
        Most bytes of an input frame, most tensors of an output frame.
    """

    layers: int = joined_by(max, "layers of the program")
    layouts: dict[str, InstructionLayout] = joined_by(_join_layouts)
    x_bits: int = joined_by(max, "bits of coordinates along an image row")
    y_bits: int = joined_by(max, "bits of image rows' numbers")
    operations: frozenset[Operation] = joined_by(union, "operations of the array")
    parameter_modes: frozenset[ParameterMode] = joined_by(
        union, "ways to walk requantization constants"
    )
    last_words: bool = joined_by(either, "constants of their own for the last tile of a strip")
    read_granularity: int = joined_by(gcd, "bytes that divide the addresses of reads")
    write_granularity: int = joined_by(gcd, "bytes that divide the addresses of writes")
    padded: bool = joined_by(either, "padding")
    lane_slots: int = joined_by(max, "products of a lane at once")
    tile_cycles: int = joined_by(max, "drain cycles of a tile")
    tile_entries: int = joined_by(max, "entries of the output buffer that a tile takes")
    streams_pairs: bool = joined_by(either, "results of two tensors that leave the engine")
    output_counts: frozenset[int] = joined_by(union, "results that leave the engine together")
    chased_bytes: int = joined_by(max, "bytes of a vector that is read while it is written")
    residual_shifts: tuple[int, ...] = joined_by(in_order, "shifts of residual additions")
    multiplies: bool = joined_by(either, "products of two tensors")
    combinations: tuple[str, ...] = joined_by(in_order, "combinations of two tensors")
    depth: int = joined_by(max, "rows of the activation memory")
    frame_depth: int = joined_by(max, "rows of a frame buffer")
    residual_depth: int = joined_by(max, "words of the residual memory")
    frame_bytes: int = joined_by(max, "bytes of an input frame")
    outputs: int = joined_by(max, "outputs of a frame")

    @classmethod
    def fit(cls, instructions: Instructions, config: EngineConfig, **given: Any) -> Limits:
        """The limits of just one program; `given` are those that no instruction tells."""
        return cls(**instruction_limits(instructions, config), **given)

    def asks(self, kind: str, *names: str) -> bool:
        """Whether any of these fields of a kind of instruction is ever other than zero."""
        return kind in self.layouts and self.layouts[kind].asks(*names)

    def shortfalls(self, other: Limits) -> Iterator[Shortfall]:
        """See `Joinable`; fields of instructions, too, each by its name."""
        yield from super().shortfalls(other)
        for kind, needed in other.layouts.items():
            own = self.layouts.get(kind)
            if own is None:
                yield Shortfall(f"{kind} instructions", "yes", "no")
                continue
            joined = own.join(needed)
            for name, place in own.fields.items():
                wanted = joined.fields[name]
                if (wanted.width, wanted.constant) != (place.width, place.constant):
                    yield Shortfall(
                        f"field '{name}' of {kind} instructions",
                        needed.values(name),
                        own.values(name),
                    )

    @property
    def paired(self) -> bool:
        """Whether the requantizers need a second term."""
        return Operation.LANE_PAIR in self.operations

    @property
    def has_tables(self) -> bool:
        """Whether results are looked up in tables."""
        return self.asks("write-back", "table")

    @property
    def has_gaps(self) -> bool:
        """Whether any layer writes a part of a tensor with gaps in it."""
        return self.asks("write-back", "pixel_gap", "row_gap")


def instruction_limits(instructions: Instructions, config: EngineConfig) -> dict[str, Any]:
    """Those limits of a program, by name, that its instructions tell."""
    fetch = cast(Sequence[FetchInstruction], instructions["fetch"])
    drain = cast(Sequence[DrainInstruction], instructions["drain"])
    write_back = cast(Sequence[WriteBackInstruction], instructions["write-back"])
    residual = cast(Sequence[ResidualInstruction], instructions.get("residual", ()))
    streamed = [i for i in fetch if i.to_stream]
    chased = [
        writer.results(config.lanes)
        for writer, (_, reader) in zip(drain, pairwise(fetch), strict=False)
        if reader.chase
    ]
    return {
        "layers": len(fetch),
        "layouts": {name: InstructionLayout.fit(some) for name, some in instructions.items()},
        "x_bits": coordinate_bits(fetch, X),
        "y_bits": coordinate_bits(fetch, Y),
        "operations": frozenset(Operation(i.operation) for i in fetch),
        "parameter_modes": frozenset(ParameterMode(i.parameter_mode) for i in drain),
        "last_words": any(i.last_words != i.later_words for i in drain),
        "read_granularity": granularity(fetch, ACTIVATIONS.coordinates, config.banks),
        "write_granularity": gcd(config.banks, *_write_steps(drain, write_back, config.lanes)),
        "tile_cycles": max(max(i.drain_cycles, i.drain_cycles_last) + 1 for i in fetch),
        "tile_entries": max((i.tile_entries for i in streamed), default=0),
        "streams_pairs": any(i.operation == Operation.LANE_PAIR for i in streamed),
        "output_counts": frozenset(
            count
            for i, target in zip(drain, write_back, strict=True)
            if target.to_stream
            for count in i.counts(config.lanes)
        ),
        "chased_bytes": max(chased, default=0),
        "multiplies": any(i.combination == PRODUCT for i in drain),
        "residual_shifts": tuple(dict.fromkeys(i.shift for i in residual)),
    }


def _write_steps(
    drain: Sequence[DrainInstruction], write_back: Sequence[WriteBackInstruction], lanes: int
) -> Iterator[int]:
    """What addresses of results in the activation memory are sums of."""
    for i, target in zip(drain, write_back, strict=True):
        if target.to_memory:
            yield from (target.destination, target.roll_pitch, target.pixel_gap, target.row_gap)
            yield from (i.count, i.count_last)
            if i.steps or i.steps_last:
                yield lanes


@dataclass(frozen=True, kw_only=True)
class Widths(Joinable):
    """Bit widths of the datapath, each the least that a network needs.

    Parameters
    ----------
    activation, weight
        Operands of the array's multipliers, signed.
    symmetric_weights
        Whether no weight is the least number of its width, -2**(weight - 1).
    accumulator
        Raw sums, signed: worst case over all legal inputs.
    bias
        Constants added in the drain, signed.
    operand
        Sum of accumulator and bias, signed.
    multiplicand
        Bits of it that the requantizer multiplies, signed: of one that has more, the result is at
        its bounds.
    multiplier
        The requantizer's multiplier, unsigned; 0 if all are one and there is none.
    """

    activation: int = joined_by(max, "bits of activations")
    weight: int = joined_by(max, "bits of weights")
    symmetric_weights: bool = joined_by(both, "the least weight of its width is left out")
    accumulator: int = joined_by(max, "bits of accumulators")
    bias: int = joined_by(max, "bits of biases")
    operand: int = joined_by(max, "bits of sums before the multiplier")
    multiplicand: int = joined_by(max, "bits of sums that the multiplier takes")
    multiplier: int = joined_by(max, "bits of requantization multipliers")


@dataclass(frozen=True, kw_only=True)
class Datapath(Joinable):
    """What a program's constants ask of a machine.

    Parameters
    ----------
    widths
        Of values and constants.
    shifts
        The distinct shifts of all requantizations, ascending.
    weight_words, parameter_words, tables
        Words of the weight memory and of that of requantization parameters, number of tables.
    """

    widths: Widths = joined_by(Widths.join)
    shifts: tuple[int, ...] = joined_by(ascending, "requantization shifts")
    weight_words: int = joined_by(max, "words of the weight memory")
    parameter_words: int = joined_by(max, "words of requantization constants")
    tables: int = joined_by(max, "tables of functions")

    @property
    def shift_bits(self) -> int:
        """Bits of a requantization parameter that choose a shift."""
        return (len(self.shifts) - 1).bit_length()

    @property
    def parameter_fields(self) -> tuple[int, int, int]:
        """Bits of a lane's requantization parameters: bias, multiplier, shift."""
        return self.widths.bias, self.widths.multiplier, self.shift_bits
