"""The components of an engine, each with the parameters that its machine asks for."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypedDict

import numpy as np

from ..isa import InstructionLayout
from ..machine import (
    FETCH_LATENCY,
    MEMORY_LATENCY,
    PARAMETER_LATENCY,
    Image,
    LoadMap,
    Machine,
    Section,
    parameter_words,
    weight_words,
)
from ..machine.operands import FRAMES, PARAMETERS, WEIGHTS
from .alignment import ReadAligner, WriteAligner
from .bank_switch import BankSwitch
from .drain import Drain
from .fetch_sequencer import FetchSequencer
from .frame_buffer import FrameBuffer
from .load_port import Loader
from .loaded_memory import LoadedMemory
from .mac_array import MacArray
from .memory import BankedMemory, Rom
from .output_stream import OutputStream
from .quotient import quotient_width
from .residual_stage import ResidualStage
from .scaler import Scaler
from .technology import CellCount, Technology, count_cells, technology
from .weight_register import WeightRegister
from .write_back import WriteBack


def _filled_up(words: list[int], count: int) -> list[int]:
    """Words and zeros, `count` in all: what a memory has more than an image is zero."""
    return words + [0] * (count - len(words))


class _Encoded(TypedDict):
    """A program as components take it."""

    layout: InstructionLayout
    words: list[int] | Section


class ComponentFactory:
    """Makes the components of an engine; some need others that they are to go with.

    Parameters
    ----------
    machine : Machine
    image : Image

    Attributes
    ----------
    technology : Technology
        What adders, wide selections, memories and the multipliers of requantizers are built of.
    array_technology : Technology
        What the array is built of. Of a target's multipliers requantizers get as many as they can
        use, since their factors are wide, and the array the others.
    has_alike_scalers : bool
        Whether each of them has as many multipliers; else they take what there is one by one.
    """

    def __init__(self, machine: Machine, image: Image):
        self.machine = machine
        self.image = image
        self._config = machine.config
        self._limits = machine.limits
        self._datapath = machine.datapath
        self._widths = machine.datapath.widths
        self._timing = machine.timing
        self._sections = LoadMap.of(machine).sections if machine.config.programmable else {}
        self.technology = technology(machine.config.technology, machine.config.target)
        self.array_technology = self.technology
        if not machine.config.target:
            self.technology.reserve(machine.products)
            self.has_alike_scalers = True
            return
        whole = self.technology.multipliers_left or Fraction(0)
        needed = self._requantizer_multipliers()
        requantizers = min(whole, needed + max(Fraction(0), whole - machine.products))
        self.has_alike_scalers = requantizers == needed
        self.technology = self.technology.share(requantizers)
        self.technology.reserve(math.ceil(needed))
        self.array_technology = self.technology.share(whole - requantizers)

    def _requantizer_multipliers(self) -> Fraction:
        """How many multipliers all requantizers can use."""
        free = self.technology.share(None)
        one = count_cells(self.scaler(free), lambda: free.cells).multipliers
        free = self.technology.share(None)
        residual = self.residual_stage(free)
        added = Fraction(0)
        if residual is not None:
            added = count_cells(residual, lambda: free.cells).multipliers
        return one * self._config.lanes + added

    @property
    def cells(self) -> CellCount:
        """What the components that were built so far take of the device."""
        if self.array_technology is self.technology:
            return self.technology.cells
        return self.technology.cells + self.array_technology.cells

    def _program(self, kind: str) -> _Encoded:
        """The instructions of a kind."""
        layout = self.machine.limits.layouts[kind]
        if self._sections:
            return {"layout": layout, "words": self._sections[kind]}
        words = [layout.encode(instruction) for instruction in self.image.instructions[kind]]
        return {"layout": layout, "words": words}

    def frame_buffer(self) -> FrameBuffer:
        """Takes input frames."""
        return FrameBuffer(
            banks=self._config.banks,
            width=self._widths.activation,
            frame_rows=self._limits.frame_depth,
            frame_bytes=(self._limits if self._sections else self.image).frame_bytes,
            beat_bytes=self._config.input_bytes,
            buffers=self._config.frame_buffers,
            read_delay=FETCH_LATENCY + FRAMES.address_stages(self._timing),
            checked=self._config.frame_check,
            loaded=bool(self._sections),
            watched=self._config.program_banks > 1,
            technology=self.technology,
        )

    def bank_switch(self) -> BankSwitch | None:
        """Chooses the bank to work in; None if there is one only."""
        if self._config.program_banks == 1:
            return None
        # each has an entry in the output buffer, but for one that has not come so far and those
        # whose last group has left it
        return BankSwitch(
            buffers=self._config.frame_buffers,
            most_frames=self.machine.output_buffer_depth + 4,
        )

    def fetch_sequencer(self) -> FetchSequencer:
        """Issues reads of activations and weights."""
        return FetchSequencer(
            **self._program("fetch"),
            x_width=self._limits.x_bits,
            y_width=self._limits.y_bits,
            chunk=self._config.rows,
            lanes=self._config.fetch_width,
            address_width=self.machine.addresses.bits,
            weight_words=self._datapath.weight_words,
            padded=self._limits.padded,
            buffer_depth=self.machine.output_buffer_depth,
            tile_entries=self._limits.tile_entries,
            streams_pairs=self._limits.streams_pairs,
            tiles_in_flight=self.machine.tiles_in_flight,
            chased_bytes=self._limits.chased_bytes,
            technology=self.technology,
        )

    def read_aligner(self, fetch: FetchSequencer) -> ReadAligner:
        """Turns what the banks give into lanes; `fetch` says how wide padding values are."""
        return ReadAligner(
            rows=self._config.fetch_width,
            period=self._config.rows,
            banks=self._config.banks,
            width=self._widths.activation,
            row_width=self.machine.addresses.row_bits,
            granularity=self._limits.read_granularity,
            pad_width=fetch.padding.pad_value.shape().width,
            padded=self._limits.padded,
            memory_latency=MEMORY_LATENCY,
            technology=self.technology,
        )

    def weights(self) -> Rom | LoadedMemory:
        """The weight memory, whose words hold column after column."""
        stages = WEIGHTS.address_stages(self._timing)
        if self._sections:
            return self._loaded("weights", address_stages=stages)
        return Rom(
            width=WEIGHTS.width(self.machine),
            words=_filled_up(weight_words(self.machine, self.image), self._datapath.weight_words),
            address_stages=stages,
            output_register=True,
            technology=self.technology,
        )

    def _loaded(self, section: str, *, address_stages: int) -> LoadedMemory:
        """A memory of constants that are loaded."""
        return LoadedMemory(
            self._sections[section],
            address_stages=address_stages,
            output_register=True,
            technology=self.technology,
        )

    def weight_register(self) -> WeightRegister:
        """Holds weights on their way to the array."""
        overlaps, slices = self._limits.asks("fetch", "overlaps"), self._config.lane_slices
        return WeightRegister(
            rows=self._config.rows,
            cols=self._config.cols,
            width=self._widths.weight,
            finishing_cols=[
                (group + 1) * self._limits.lane_slots * slices - 1 - upper
                for group in range(self._config.lane_groups)
                for upper in reversed(range(slices))
                if overlaps
            ],
            technology=self.technology,
        )

    def array(self) -> MacArray:
        """Multiplies and accumulates."""
        return MacArray(
            rows=self._config.rows,
            cols=self._config.cols,
            lane_groups=self._config.lane_groups,
            slots=self._limits.lane_slots,
            lane_slices=self._config.lane_slices,
            activation_width=self._widths.activation,
            weight_width=self._widths.weight,
            symmetric_weights=self._widths.symmetric_weights,
            accumulator_width=self._widths.accumulator,
            multiplier_stages=self._config.multiplier_stages,
            tree_levels_per_stage=self._config.tree_levels_per_stage,
            operations=self._limits.operations,
            announcement=PARAMETER_LATENCY,
            technology=self.array_technology,
        )

    def drain(self, array: MacArray) -> Drain:
        """Takes tiles out of the array."""
        return Drain(
            **self._program("drain"),
            parameter_modes=self._limits.parameter_modes,
            last_words=self._limits.last_words,
            array_lanes=self._config.fetch_width,
            cols=self._config.cols,
            lanes=self._config.lanes,
            accumulator_width=self._widths.accumulator,
            activation_width=self._widths.activation,
            parameter_words=self._datapath.parameter_words,
            uses_columns=array.has_columns,
            uses_lanes=array.has_lanes,
            paired=self._limits.paired,
            gaps=self._limits.has_gaps,
            parameter_latency=PARAMETER_LATENCY,
            technology=self.technology,
        )

    def parameters(self) -> Rom | LoadedMemory:
        """The memory of requantization constants."""
        stages = PARAMETERS.address_stages(self._timing)
        if self._sections:
            return self._loaded("parameters", address_stages=stages)
        return Rom(
            width=PARAMETERS.width(self.machine),
            words=_filled_up(
                parameter_words(self.machine, self.image), self._datapath.parameter_words
            ),
            address_stages=stages,
            output_register=True,
            technology=self.technology,
        )

    def scaler(self, technology: Technology | None = None) -> Scaler:
        """One requantizer lane, all alike; of another technology if one is given."""
        return Scaler(
            value_width=self._widths.accumulator,
            bias_width=self._widths.bias,
            operand_width=self._widths.operand,
            multiplicand_width=self._widths.multiplicand,
            multiplier_width=self._widths.multiplier,
            shifts=self._datapath.shifts,
            quotient_width=quotient_width(self._widths.activation),
            stages=self._config.scale_stages,
            paired=self._limits.paired,
            multiplies=self._limits.multiplies,
            combinations=self._limits.combinations,
            technology=technology or self.technology,
        )

    def residual_stage(self, technology: Technology | None = None) -> ResidualStage | None:
        """Adds earlier results; None if no layer does. Of another technology if one is given."""
        if not self._limits.residual_depth:
            return None
        return ResidualStage(
            **self._program("residual"),
            shifts=self._limits.residual_shifts,
            depth=self._limits.residual_depth,
            lanes=self._config.lanes,
            width=self._widths.activation,
            stages=self._config.scale_stages,
            technology=technology or self.technology,
        )

    def write_back(self) -> WriteBack:
        """Rounds, clamps and places what the scalers give."""
        return WriteBack(
            **self._program("write-back"),
            lanes=self._config.lanes,
            activation_width=self._widths.activation,
            address_width=self.machine.addresses.bits,
            tables=self._sections.get("tables", ()) if self._sections else self._tables(),
            chased_bytes=self._limits.chased_bytes,
            chunk=self._config.rows,
            residuals=self.residual_stage(),
            technology=self.technology,
        )

    def _tables(self) -> tuple[np.ndarray, ...]:
        """Tables of functions; what the machine has more than the image is zero."""
        spare = self._datapath.tables - len(self.image.tables)
        return self.image.tables + spare * (np.zeros(1 << self._widths.activation, np.int8),)

    def output_stream(self) -> OutputStream:
        """Sends results away."""
        return OutputStream(
            lanes=self._config.lanes,
            width=self._widths.activation,
            beat_bytes=self._config.output_bytes,
            depth=self.machine.output_buffer_depth,
            counts=self._limits.output_counts,
            tensors=(self._limits if self._sections else self.image).outputs,
            loaded=bool(self._sections),
            technology=self.technology,
        )

    def loader(self) -> Loader:
        """Takes what a programmable engine is loaded with."""
        return Loader(
            LoadMap.of(self.machine),
            beats=-(-self._limits.frame_bytes // self._config.input_bytes),
            outputs=self._limits.outputs,
            technology=self.technology,
        )

    def write_aligner(self) -> WriteAligner:
        """Puts results into the banks of the activation memory."""
        return WriteAligner(
            lanes=self._config.lanes,
            banks=self._config.banks,
            width=self._widths.activation,
            row_width=self.machine.addresses.row_bits,
            granularity=self._limits.write_granularity,
            technology=self.technology,
        )

    def activations(self) -> BankedMemory:
        """The activation memory, if there is one."""
        return BankedMemory(
            banks=self._config.banks,
            depth=self._limits.depth,
            width=self._widths.activation,
            output_register=True,
            technology=self.technology,
        )
