"""The program: everything that the generated hardware is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..isa import (
    DrainInstruction,
    FetchInstruction,
    Instruction,
    Operation,
    ResidualInstruction,
    WriteBackInstruction,
)
from ..machine import Datapath, EngineConfig, Image, Limits, Machine, Timing, Widths
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
    def size(self) -> int:
        """Number of results."""
        return self.shape[0] * self.shape[1] * self.shape[2]


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
    host
        The machine that it runs on; None: one that is fitted to it.
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
    host: Machine | None

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
        depth = self.host.limits.residual_depth if self.host else self.residual_depth
        return tuple(layer.residual for layer in self.layers) if depth else ()

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

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the network by definition."""
        return sum(layer.macs for layer in self.layers)

    @cached_property
    def limits(self) -> Limits:
        """What it asks of a machine."""
        return Limits.fit(
            self.instructions,
            self.config,
            address_bits=self.address_bits,
            depth=self.depth,
            frame_depth=self.frame_depth,
            residual_depth=self.residual_depth,
            frame_bytes=self.input_size,
            outputs=len(self.streamed),
            lane_slots=max(layer.lane_slots for layer in self.layers),
            padded=self.padded,
        )

    @cached_property
    def timing(self) -> Timing:
        """Cycles that things take on the machine that it runs on."""
        return self.host.timing if self.host else Timing(self.config, self.limits)


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

    @property
    def machine(self) -> Machine:
        """The machine that it runs on."""
        return self.host or self.fitted

    @cached_property
    def fitted(self) -> Machine:
        """The machine that is fitted to it."""
        datapath = Datapath(
            widths=self.widths,
            shifts=self.shifts,
            weight_words=len(self.weights),
            parameter_words=len(self.parameters),
            tables=len(self.tables),
        )
        return Machine.fit(self.config, self.limits, datapath)

    @property
    def image(self) -> Image:
        """Contents of the machine's memories; what it has more than is needed is zero."""
        datapath = self.machine.datapath
        spare = datapath.tables - len(self.tables)
        return Image(
            instructions=self.instructions,
            weights=_filled_up(self.weights, datapath.weight_words),
            parameters=_filled_up(self.parameters, datapath.parameter_words),
            tables=self.tables + spare * (np.zeros(1 << datapath.widths.activation, np.int8),),
        )


def _filled_up(words: np.ndarray, count: int) -> np.ndarray:
    """Words and zeros, `count` in all."""
    return np.concatenate([words, np.zeros((count - len(words), *words.shape[1:]), words.dtype)])
