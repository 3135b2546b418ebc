"""The program: everything that the generated hardware is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..isa import (
    DrainInstruction,
    FetchInstruction,
    Instruction,
    ResidualInstruction,
    WriteBackInstruction,
)
from ..machine import Datapath, EngineConfig, Image, Limits, Machine, Timing, Widths
from .layer_plan import LayerPlan
from .memory_plan import MemoryPlan


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer(LayerPlan):
    """One layer of the program: a plan and its encoding.

    Parameters
    ----------
    fetch, drain, write_back, residual
        Its instructions.
    """

    fetch: FetchInstruction
    drain: DrainInstruction
    write_back: WriteBackInstruction
    residual: ResidualInstruction


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
    memory
        Places of tensors.
    residual_depth
        Words of the residual memory, each the results of a drain step; 0 if no layer adds earlier
        results.
    combinations
        See `Limits`.
    input_size, output_size
        Bytes of a frame in and out (see `FrameLayout.size`).
    given_machine
        The machine that it has to make do with; None: it runs on one that is fitted to it.
    """

    name: str
    config: EngineConfig
    layers: tuple[Layer, ...]
    memory: MemoryPlan
    residual_depth: int
    combinations: tuple[str, ...]
    input_size: int
    output_size: int
    given_machine: Machine | None

    @property
    def padded(self) -> bool:
        """Whether any lane of any fetch lies in padding."""
        return any(layer.nest.padded for layer in self.layers)

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
        given = self.given_machine
        depth = given.limits.residual_depth if given else self.residual_depth
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
            depth=self.memory.depth,
            frame_depth=self.memory.frame_depth,
            residual_depth=self.residual_depth,
            combinations=self.combinations,
            frame_bytes=self.input_size,
            outputs=len(self.streamed),
            lane_slots=max(layer.weights.slots for layer in self.layers),
            padded=self.padded,
        )

    @cached_property
    def timing(self) -> Timing:
        """Cycles that things take on the machine that it runs on."""
        given = self.given_machine
        return given.timing if given else Timing(self.config, self.limits)


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
        int8 or int16 (words, rows, cols): the weight memory.
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
        return self.given_machine or self.fitted

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
        """Contents of the machine's memories."""
        return Image(
            instructions=self.instructions,
            weights=self.weights,
            parameters=self.parameters,
            tables=self.tables,
            frame_bytes=self.input_size,
            outputs=len(self.streamed),
        )
