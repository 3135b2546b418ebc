"""The program: everything that the generated hardware is made from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..isa import (
    DrainInstruction,
    FetchInstruction,
    Instruction,
    InstructionLayout,
    Operation,
    ResidualInstruction,
    WriteBackInstruction,
    read_granularity,
)
from ..machine import (
    ACTIVATION_STAGES,
    FETCH_LATENCY,
    RESULT_BUFFER_LATENCY,
    EngineConfig,
    adder_latency,
    aligner_latency,
    column_latency,
    drain_latency,
    lane_latency,
    row_stages,
    scaler_latency,
    write_back_latency,
    write_stages,
)
from .geometry import OutputArea


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of the program: one operator of the integer graph, or one and an addition.

    Parameters
    ----------
    name, tensor, operator
        Node name, name of the tensor it writes, kind of node.
    shape
        (height, width, channels) of the result.
    offset
        Byte of the tensor that results begin at; not 0 only where a layer writes a part of it.
    area
        The pixels that it computes, if not all. If these are every other column, then they are
        written side by side from `offset` on, as a tensor of their own.
    results_per_pixel
        Results of each output pixel, of which several columns may count as one.
    lane_slots
        Products that a lane takes at once; 1 for a dense layer.
    macs
        Multiply-accumulates that its results take by definition; 0 if it is no convolution.
    products
        Those that it takes: without those with padding that are left out.
    addition
        Name of the node whose addition takes place when results are written; "" if none does.
    fetch, drain, write_back, residual
        Its instructions.
    """

    name: str
    tensor: str
    operator: str
    shape: tuple[int, int, int]
    offset: int
    area: OutputArea | None
    results_per_pixel: int
    lane_slots: int
    macs: int
    products: int
    addition: str
    fetch: FetchInstruction
    drain: DrainInstruction
    write_back: WriteBackInstruction
    residual: ResidualInstruction

    @property
    def is_dense(self) -> bool:
        """Whether its tiles hold dot products."""
        return self.fetch.operation == Operation.DOT

    @property
    def to_memory(self) -> bool:
        """Whether results go to the activation memory."""
        return not (self.write_back.to_stream or self.write_back.residual_only)

    @property
    def size(self) -> int:
        """Number of results."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Bit widths of the datapath, each the least that this network needs.

    Parameters
    ----------
    activation, weight
        Operands of the array's multipliers, signed.
    accumulator
        Raw sums, signed: worst case over all legal inputs.
    bias
        Constants added in the drain, signed.
    operand
        Sum of accumulator and bias, signed: the requantizer's multiplicand.
    multiplier
        The requantizer's multiplier, unsigned; 0 if all are one and there is none.
    """

    activation: int
    weight: int
    accumulator: int
    bias: int
    operand: int
    multiplier: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A network mapped onto an engine, without memory contents: all that the cycle model needs.

    Parameters
    ----------
    name
        Name of the top module.
    config
        What the engine looks like.
    layers
        In order of execution.
    address_bits, depth, frame_depth, frame_base
        See `MemoryPlan`.
    residual_depth
        Words of the residual memory, each the results of a drain step; 0 if no layer adds earlier
        results.
    input_size, output_size
        Bytes of a frame in and out (see `FrameLayout.size`).
    padded
        Whether any lane of any fetch lies in padding.
    """

    name: str
    config: EngineConfig
    layers: tuple[Layer, ...]
    address_bits: int
    depth: int
    frame_depth: int
    frame_base: int
    residual_depth: int
    input_size: int
    output_size: int
    padded: bool

    @property
    def fetch(self) -> tuple[FetchInstruction, ...]:
        """Instructions of the fetch sequencer."""
        return tuple(layer.fetch for layer in self.layers)

    @property
    def drain(self) -> tuple[DrainInstruction, ...]:
        """Instructions of the drain sequencer."""
        return tuple(layer.drain for layer in self.layers)

    @property
    def write_back(self) -> tuple[WriteBackInstruction, ...]:
        """Instructions of the write-back stage."""
        return tuple(layer.write_back for layer in self.layers)

    @property
    def residual(self) -> tuple[ResidualInstruction, ...]:
        """Instructions of the residual stage; none if there is none."""
        return tuple(layer.residual for layer in self.layers) if self.residual_depth else ()

    @property
    def instructions(self) -> dict[str, tuple[Instruction, ...]]:
        """All lists of instructions that there are, by what they are called."""
        lists: dict[str, tuple[Instruction, ...]] = {
            "fetch": self.fetch,
            "drain": self.drain,
            "write-back": self.write_back,
            "residual": self.residual,
        }
        return {name: instructions for name, instructions in lists.items() if instructions}

    @property
    def streamed(self) -> tuple[Layer, ...]:
        """Layers that write outputs, in the order in which these leave."""
        return tuple(layer for layer in self.layers if layer.write_back.to_stream)

    @cached_property
    def operations(self) -> frozenset[Operation]:
        """Operations that the array must be able to do."""
        return frozenset(Operation(layer.fetch.operation) for layer in self.layers)

    @property
    def paired(self) -> bool:
        """Whether the requantizers need a second term."""
        return Operation.LANE_PAIR in self.operations

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the network by definition."""
        return sum(layer.macs for layer in self.layers)

    @property
    def multiplies(self) -> bool:
        """Whether tensors are multiplied with each other."""
        return any(layer.drain.product for layer in self.layers)

    @property
    def has_tables(self) -> bool:
        """Whether results are looked up in tables."""
        return any(layer.write_back.table for layer in self.layers)

    @property
    def has_gaps(self) -> bool:
        """Whether any layer writes a part of a tensor with gaps in it."""
        return any(layer.write_back.pixel_gap or layer.write_back.row_gap for layer in self.layers)

    @property
    def chased_bytes(self) -> int:
        """Size of the largest tensor that a layer chases the writer of; 0 if none does."""
        pairs = zip(self.layers, self.layers[1:], strict=False)
        return max((writer.size for writer, reader in pairs if reader.fetch.chase), default=0)

    def drain_latency(self, layer: Layer) -> int:
        """Cycles from a tile's last issue to its first result at the end of write-back."""
        stages = self.config.scale_stages
        residual_stages = adder_latency(stages=stages) if self.residual_depth else 0
        return (
            self.read_latency
            + self.array_latency(dense=layer.is_dense)
            + drain_latency()
            + scaler_latency(stages=stages, paired=self.paired, multiplies=self.multiplies)
            + write_back_latency(tables=self.has_tables, residual_stages=residual_stages)
        )

    def array_latency(self, *, dense: bool) -> int:
        """Cycles from operands to the accumulator that holds them; only `dense` has a tree."""
        config = self.config
        if not dense:
            return lane_latency(multiplier_stages=config.multiplier_stages)
        return column_latency(
            rows=config.rows,
            multiplier_stages=config.multiplier_stages,
            tree_levels_per_stage=config.tree_levels_per_stage,
        )

    @property
    def row_latency(self) -> int:
        """Cycles from an address to the rows of the banks that it stands for."""
        return row_stages(banks=self.config.banks, granularity=self.read_granularity)

    @property
    def read_latency(self) -> int:
        """Cycles from a fetch's issue to its operands in the array: address, memory, alignment, and
        the way to all columns."""
        align = aligner_latency(banks=self.config.banks, granularity=self.read_granularity)
        return FETCH_LATENCY + align + ACTIVATION_STAGES

    @property
    def memory_delay(self) -> int:
        """Cycles by which a read must be issued later than if results were in memory right after
        write-back: alignment takes its time, before the write and before the read."""
        stages = write_stages(banks=self.config.banks, granularity=self.write_granularity)
        return max(0, stages - self.row_latency)

    @property
    def lane_slots(self) -> int:
        """Products that each lane takes at once, at most."""
        return max(layer.lane_slots for layer in self.layers)

    @property
    def output_buffer_depth(self) -> int:
        """Entries of the output buffer: enough for all results in flight and two tiles more, so
        that a sink that is always ready never makes the array wait."""
        tile = max(
            max(layer.fetch.drain_cycles, layer.fetch.drain_cycles_last) + 1
            for layer in self.layers
        )
        # of an entry that becomes free, the decision about a fetch knows two cycles later
        free = RESULT_BUFFER_LATENCY + 2
        return max(map(self.drain_latency, self.layers)) + 2 * tile + free

    @property
    def tiles_in_flight(self) -> int:
        """Most tiles between issue and memory: at most one is issued each cycle."""
        return max(map(self.drain_latency, self.layers)) + self.memory_delay + 2

    @cached_property
    def read_granularity(self) -> int:
        """Largest power of two up to `banks` that divides the address of every fetch."""
        return read_granularity(self.fetch, self.config.banks)

    @cached_property
    def write_granularity(self) -> int:
        """Largest power of two up to `banks` that divides the address of every write."""
        values = [self.config.banks]
        for layer in self.layers:
            if layer.to_memory:
                drain = layer.drain
                write_back = layer.write_back
                values += [write_back.destination, write_back.roll_pitch]
                values += [write_back.pixel_gap, write_back.row_gap]
                values += [drain.count, drain.count_last]
                values += [self.config.lanes if drain.steps or drain.steps_last else 0]
        return math.gcd(*values)

    @property
    def output_counts(self) -> frozenset[int]:
        """How many results a drain step to the output stream may hold."""
        counts: set[int] = set()
        for drain in (layer.drain for layer in self.streamed):
            counts.add(drain.count_last)
            if drain.tiles:
                counts.add(drain.count)
            if drain.steps_last or (drain.tiles and drain.steps):
                counts.add(self.config.lanes)
        return frozenset(counts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Program(Plan):
    """A network mapped onto an engine: everything that the generated hardware is made from.

    Parameters
    ----------
    widths
        Of the datapath.
    shifts
        The distinct shifts of all requantizations, ascending.
    weights
        int8 (words, rows, cols): the weight memory.
    parameters
        int64 (words, lanes, 3): bias, multiplier and index into `shifts` of each requantizer lane.
    tables
        int8 (2 ** activation bits,) each: results of `QFunction` by q, lowest first.
    """

    widths: Widths
    shifts: tuple[int, ...]
    weights: np.ndarray
    parameters: np.ndarray
    tables: tuple[np.ndarray, ...]

    def memory_bits(self) -> dict[str, int]:
        """Bits of each memory of the design."""
        config, widths = self.config, self.widths
        row = config.banks * widths.activation
        shift_bits = (len(self.shifts) - 1).bit_length()
        return {
            "weights": self.weights.size * widths.weight,
            "activations": self.depth * row,
            "frame_buffer": config.frame_buffers * self.frame_depth * row,
            "parameters": self.parameters.shape[0]
            * config.lanes
            * (widths.bias + widths.multiplier + shift_bits),
            "residuals": self.residual_depth * config.lanes * widths.activation,
            "program": len(self.layers)
            * sum(InstructionLayout(p).width for p in self.instructions.values()),
        }
