"""The components of an engine, each with the parameters that its program asks for."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import unsigned

from ..machine import (
    ACTIVATION_STAGES,
    FETCH_LATENCY,
    MEMORY_LATENCY,
    PARAMETER_ADDRESS_STAGES,
    PARAMETER_LATENCY,
    WEIGHT_REGISTER_LATENCY,
)
from ..mapping import Program
from .alignment import ReadAligner, WriteAligner
from .drain import Drain
from .fetch_sequencer import FetchSequencer
from .flag_delays import FlagDelays
from .frame_buffer import FrameBuffer
from .mac_array import MacArray
from .memory import BankedMemory, Rom
from .output_stream import OutputStream
from .residual_stage import ResidualStage
from .scaler import Scaler
from .technology import technology
from .weight_register import WeightRegister
from .write_back import WriteBack


def pack(values: Iterable[int], width: int) -> int:
    """Integers as one unsigned word of `width` bits each, the first one lowest."""
    word = 0
    for index, value in enumerate(values):
        word |= (int(value) & ((1 << width) - 1)) << (index * width)
    return word


class ComponentFactory:
    """Makes the components of an engine; some need others that they are to go with.

    Parameters
    ----------
    program : Program

    Attributes
    ----------
    technology : Technology
        What multipliers and memories are built of.
    shift_bits : int
        Bits of a parameter that choose a shift.
    """

    def __init__(self, program: Program):
        self.program = program
        self.technology = technology(program.config.technology)
        self.shift_bits = (len(program.shifts) - 1).bit_length()

    def frame_buffer(self) -> FrameBuffer:
        """Takes input frames."""
        program = self.program
        return FrameBuffer(
            banks=program.config.banks,
            width=program.widths.activation,
            frame_rows=program.frame_depth,
            frame_bytes=program.input_size,
            beat_bytes=program.config.input_bytes,
            buffers=program.config.frame_buffers,
            read_delay=FETCH_LATENCY + program.row_latency,
            technology=self.technology,
        )

    def fetch_sequencer(self) -> FetchSequencer:
        """Issues reads of activations and weights."""
        program = self.program
        return FetchSequencer(
            program=program.fetch,
            chunk=program.config.rows,
            lanes=program.config.fetch_width,
            address_width=program.address_bits,
            weight_words=len(program.weights),
            padded=program.padded,
            buffer_depth=program.output_buffer_depth,
            tiles_in_flight=program.tiles_in_flight,
            chased_bytes=program.chased_bytes,
        )

    def _row_width(self) -> int:
        """Bits of a row number in either memory, without the bit that chooses the memory."""
        return max(1, (max(self.program.depth, self.program.frame_depth) - 1).bit_length())

    def read_aligner(self, fetch: FetchSequencer) -> ReadAligner:
        """Turns what the banks give into lanes; `fetch` says how wide padding values are."""
        program = self.program
        return ReadAligner(
            rows=program.config.fetch_width,
            period=program.config.rows,
            banks=program.config.banks,
            width=program.widths.activation,
            row_width=self._row_width(),
            granularity=program.read_granularity,
            pad_width=fetch.pad_value.shape().width,
            padded=program.padded,
            memory_latency=MEMORY_LATENCY,
            technology=self.technology,
        )

    def weights(self) -> Rom:
        """The weight memory."""
        program = self.program
        width = program.widths.weight
        return Rom(
            width=program.config.mac_units * width,
            words=[pack(word.ravel().tolist(), width) for word in program.weights],
            # a word is in the array together with its activations
            address_stages=program.read_latency
            - FETCH_LATENCY
            - MEMORY_LATENCY
            - WEIGHT_REGISTER_LATENCY,
            output_register=True,
            technology=self.technology,
        )

    def weight_register(self) -> WeightRegister:
        """Holds weights on their way to the array."""
        config, slots = self.program.config, self.program.lane_slots
        joins = any(instruction.joined for instruction in self.program.fetch)
        return WeightRegister(
            rows=config.rows,
            cols=config.cols,
            width=self.program.widths.weight,
            finishing_cols=[
                group * slots + slots - 1 for group in range(config.lane_groups) if joins
            ],
            technology=self.technology,
        )

    def array(self) -> MacArray:
        """Multiplies and accumulates."""
        config, widths = self.program.config, self.program.widths
        return MacArray(
            rows=config.rows,
            cols=config.cols,
            lane_groups=config.lane_groups,
            slots=self.program.lane_slots,
            activation_width=widths.activation,
            weight_width=widths.weight,
            accumulator_width=widths.accumulator,
            multiplier_stages=config.multiplier_stages,
            tree_levels_per_stage=config.tree_levels_per_stage,
            operations=self.program.operations,
            technology=self.technology,
        )

    def drain(self, array: MacArray) -> Drain:
        """Takes tiles out of the array."""
        program = self.program
        return Drain(
            program=program.drain,
            array_lanes=program.config.fetch_width,
            cols=program.config.cols,
            lanes=program.config.lanes,
            accumulator_width=program.widths.accumulator,
            activation_width=program.widths.activation,
            parameter_words=len(program.parameters),
            uses_columns=array.has_columns,
            uses_lanes=array.has_lanes,
            paired=program.paired,
            gaps=program.has_gaps,
            parameter_latency=PARAMETER_LATENCY,
            technology=self.technology,
        )

    def parameters(self) -> Rom:
        """The memory of requantization constants."""
        program, widths = self.program, self.program.widths
        fields = (widths.bias, widths.multiplier, self.shift_bits)
        words = []
        for lanes in program.parameters.tolist():
            word = offset = 0
            for lane in lanes:
                for value, width in zip(lane, fields, strict=True):
                    word |= pack([value], width) << offset
                    offset += width
            words.append(word)
        return Rom(
            width=program.config.lanes * sum(fields),
            words=words,
            address_stages=PARAMETER_ADDRESS_STAGES,
            output_register=True,
            technology=self.technology,
        )

    def scaler(self) -> Scaler:
        """One requantizer lane, all alike."""
        program, widths = self.program, self.program.widths
        return Scaler(
            value_width=widths.accumulator,
            bias_width=widths.bias,
            operand_width=widths.operand,
            multiplier_width=widths.multiplier,
            shifts=program.shifts,
            stages=program.config.scale_stages,
            paired=program.paired,
            multiplies=program.multiplies,
            technology=self.technology,
        )

    def residual_stage(self) -> ResidualStage | None:
        """Adds earlier results; None if no layer does."""
        program = self.program
        if not program.residual_depth:
            return None
        return ResidualStage(
            program=program.residual,
            depth=program.residual_depth,
            lanes=program.config.lanes,
            width=program.widths.activation,
            stages=program.config.scale_stages,
            arrival=2 + bool(program.tables),
            technology=self.technology,
        )

    def write_back(self, scaler: Scaler) -> WriteBack:
        """Rounds, clamps and places what the scalers give."""
        program = self.program
        return WriteBack(
            program=program.write_back,
            lanes=program.config.lanes,
            quotient_width=scaler.quotient_width,
            activation_width=program.widths.activation,
            address_width=program.address_bits,
            tables=program.tables,
            chased_bytes=program.chased_bytes,
            residuals=self.residual_stage(),
            technology=self.technology,
        )

    def flag_delays(
        self, fetch: FetchSequencer, aligner: ReadAligner, scaler: Scaler, write_back: WriteBack
    ) -> FlagDelays:
        """Flags from one part to the next, as late as the data."""
        to_memory = self.program.memory_delay
        return FlagDelays(
            {
                "fetch_valid": (unsigned(1), aligner.latency + ACTIVATION_STAGES),
                "scaled": (unsigned(1), scaler.latency),
                "tile_retired": (unsigned(1), to_memory),
                "written": (fetch.written.shape(), to_memory),
                "writing": (fetch.writing.shape(), to_memory),
                "writing_odd": (unsigned(1), to_memory),
            }
        )

    def output_stream(self) -> OutputStream:
        """Sends results away."""
        program = self.program
        return OutputStream(
            lanes=program.config.lanes,
            width=program.widths.activation,
            beat_bytes=program.config.output_bytes,
            depth=program.output_buffer_depth,
            counts=program.output_counts,
            tensors=len(program.streamed),
        )

    def write_aligner(self) -> WriteAligner:
        """Puts results into the banks of the activation memory."""
        program = self.program
        return WriteAligner(
            lanes=program.config.lanes,
            banks=program.config.banks,
            width=program.widths.activation,
            row_width=self._row_width(),
            granularity=program.write_granularity,
            technology=self.technology,
        )

    def activations(self) -> BankedMemory:
        """The activation memory, if the program has one."""
        program = self.program
        return BankedMemory(
            banks=program.config.banks,
            depth=program.depth,
            width=program.widths.activation,
            output_register=True,
            technology=self.technology,
        )
