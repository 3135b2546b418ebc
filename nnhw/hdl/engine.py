"""The engine: all components, wired as a program asks for."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation
from ..mapping import MEMORY_LATENCY, PARAMETER_ADDRESS_STAGES, Program
from .alignment import ReadAligner, WriteAligner
from .arithmetic import delay
from .drain import Drain
from .fetch_sequencer import FetchSequencer
from .flag_delays import FlagDelays
from .frame_buffer import FrameBuffer
from .gearbox import Beat
from .mac_array import MacArray
from .memory import BankedMemory, Rom
from .output_stream import OutputStream
from .reset_tree import RESET_STAGES, spread_reset
from .residual_stage import ResidualStage
from .scaler import Scaler
from .technology import technology
from .weight_register import WeightRegister
from .write_back import WriteBack

_BANKS_A_CHOICE = 4
"""Banks that share a register of which memory they are read from."""


def pack(values, width: int) -> int:
    """Integers as one unsigned word of `width` bits each, the first one lowest."""
    word = 0
    for index, value in enumerate(values):
        word |= (int(value) & ((1 << width) - 1)) << (index * width)
    return word


class Engine(wiring.Component):
    """A network in hardware: frames in, frames out, no register to be set.

    Parameters
    ----------
    program : Program

    Members
    -------
    reset : In(1)
        Back to the first state; one cycle is enough. Until this has happened everywhere, which is
        `reset_latency` cycles later, both streams wait.
    frames_in : In(stream.Signature(8 * input_bytes))
        Input frames, channels last, lowest byte first; see `FrameLayout`.
    frames_out : Out(stream.Signature(Beat(output_bytes)))
        Output frames, likewise.

    Attributes
    ----------
    reset_latency : int
    """

    reset_latency = RESET_STAGES

    def __init__(self, program: Program):
        self.program = program
        config = program.config
        self._technology = technology(config.technology)
        super().__init__(
            {
                "reset": In(1),
                "frames_in": In(stream.Signature(unsigned(8 * config.input_bytes))),
                "frames_out": Out(stream.Signature(Beat(config.output_bytes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        program = self.program
        frame_buffer = self._frame_buffer()
        fetch = self._fetch_sequencer()
        m.submodules.read_aligner = aligner = self._read_aligner(fetch)
        m.submodules.weights = weights = self._weights()
        array = self._array()
        drain = self._drain(array)
        m.submodules.parameters = parameters = self._parameters()
        scalers = [self._scaler() for _ in range(program.config.lanes)]
        write_back = self._write_back(scalers[0])
        output = self._output_stream()
        flags = self._flag_delays(fetch, aligner, scalers[0], write_back)
        activations = write_aligner = None
        if program.depth:
            m.submodules.activations = activations = BankedMemory(
                banks=program.config.banks,
                depth=program.depth,
                width=program.widths.activation,
                output_register=True,
                technology=self._technology,
            )
            write_aligner = self._write_aligner()
        is_reset = spread_reset(
            m,
            self.reset,
            {
                "frame_buffer": frame_buffer,
                "fetch": fetch,
                "array": array,
                "drain": drain,
                "write_back": write_back,
                "output_stream": output,
                "flags": flags,
                **({"write_aligner": write_aligner} if write_aligner else {}),
            },
            self._technology,
        )
        # while a reset is on its way, no handshake counts
        m.d.comb += [
            frame_buffer.beats.payload.eq(self.frames_in.payload),
            frame_buffer.beats.valid.eq(self.frames_in.valid),
            self.frames_in.ready.eq(frame_buffer.beats.ready & ~is_reset),
            self.frames_out.payload.eq(output.beats.payload),
            self.frames_out.valid.eq(output.beats.valid & ~is_reset),
            output.beats.ready.eq(self.frames_out.ready),
        ]
        m.d.comb += [
            fetch.frame_available.eq(frame_buffer.available),
            frame_buffer.consumed.eq(fetch.frame_consumed),
            fetch.entry_freed.eq(output.freed),
        ]
        for name in ("tile_retired", "written", "writing", "writing_odd"):
            m.d.comb += getattr(fetch, name).eq(getattr(flags, f"late_{name}"))
        m.d.comb += [
            flags.tile_retired.eq(write_back.retired),
            flags.written.eq(write_back.written),
            flags.writing.eq(write_back.writing),
            flags.writing_odd.eq(write_back.writing_odd),
        ]
        self._connect_operands(m, flags, fetch, aligner, frame_buffer, activations, weights, array)
        self._connect_drain(m, flags, array, drain, parameters, scalers, write_back)
        self._connect_results(m, write_back, output, write_aligner, activations)
        return m

    # construction

    def _frame_buffer(self) -> FrameBuffer:
        program = self.program
        return FrameBuffer(
            banks=program.config.banks,
            width=program.widths.activation,
            frame_rows=program.frame_depth,
            frame_bytes=program.input_size,
            beat_bytes=program.config.input_bytes,
            buffers=program.config.frame_buffers,
            read_delay=FetchSequencer.latency + program.row_latency,
            technology=self._technology,
        )

    def _fetch_sequencer(self) -> FetchSequencer:
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

    def _read_aligner(self, fetch: FetchSequencer) -> ReadAligner:
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
            technology=self._technology,
        )

    def _weights(self) -> Rom:
        program = self.program
        width = program.widths.weight
        return Rom(
            width=program.config.mac_units * width,
            words=[pack(word.ravel().tolist(), width) for word in program.weights],
            # a word is there a cycle after its activations, and goes to the array in a cycle
            address_stages=program.read_latency - FetchSequencer.latency - MEMORY_LATENCY - 1,
            output_register=True,
            technology=self._technology,
        )

    def _weight_register(self) -> WeightRegister:
        config, slots = self.program.config, self.program.lane_slots
        joins = any(instruction.joined for instruction in self.program.fetch)
        return WeightRegister(
            rows=config.rows,
            cols=config.cols,
            width=self.program.widths.weight,
            finishing_cols=[
                group * slots + slots - 1 for group in range(config.lane_groups) if joins
            ],
            technology=self._technology,
        )

    def _array(self) -> MacArray:
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
            technology=self._technology,
        )

    def _drain(self, array: MacArray) -> Drain:
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
            parameter_latency=PARAMETER_ADDRESS_STAGES + MEMORY_LATENCY,
            technology=self._technology,
        )

    def _shift_bits(self) -> int:
        return (len(self.program.shifts) - 1).bit_length()

    def _parameters(self) -> Rom:
        program, widths = self.program, self.program.widths
        fields = (widths.bias, widths.multiplier, self._shift_bits())
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
            technology=self._technology,
        )

    def _scaler(self) -> Scaler:
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
            technology=self._technology,
        )

    def _residual_stage(self) -> ResidualStage | None:
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
            technology=self._technology,
        )

    def _write_back(self, scaler: Scaler) -> WriteBack:
        program = self.program
        return WriteBack(
            program=program.write_back,
            lanes=program.config.lanes,
            quotient_width=scaler.quotient_width,
            activation_width=program.widths.activation,
            address_width=program.address_bits,
            tables=program.tables,
            chased_bytes=program.chased_bytes,
            residuals=self._residual_stage(),
            technology=self._technology,
        )

    def _flag_delays(
        self, fetch: FetchSequencer, aligner: ReadAligner, scaler: Scaler, write_back: WriteBack
    ) -> FlagDelays:
        to_memory = self.program.memory_delay
        return FlagDelays(
            {
                "fetch_valid": (unsigned(1), aligner.latency + 1),
                "scaled": (unsigned(1), scaler.latency),
                "tile_retired": (unsigned(1), to_memory),
                "written": (fetch.written.shape(), to_memory),
                "writing": (fetch.writing.shape(), to_memory),
                "writing_odd": (unsigned(1), to_memory),
            }
        )

    def _output_stream(self) -> OutputStream:
        program = self.program
        return OutputStream(
            lanes=program.config.lanes,
            width=program.widths.activation,
            beat_bytes=program.config.output_bytes,
            depth=program.output_buffer_depth,
            counts=program.output_counts,
            tensors=len(program.streamed),
        )

    def _write_aligner(self) -> WriteAligner:
        program = self.program
        return WriteAligner(
            lanes=program.config.lanes,
            banks=program.config.banks,
            width=program.widths.activation,
            row_width=self._row_width(),
            granularity=program.write_granularity,
            technology=self._technology,
        )

    # wiring

    def _connect_operands(
        self, m, flags, fetch, aligner, frame_buffer, activations, weights, array
    ) -> None:
        """From the fetch sequencer through the memories to the array."""
        program = self.program
        m.submodules.weight_register = register = self._weight_register()
        wait = aligner.latency + 1  # until all of a fetch is in the array
        m.d.comb += [
            aligner.address.eq(fetch.address),
            aligner.repeat.eq(fetch.operation == Operation.DOT),
            aligner.row_inside.eq(fetch.row_inside),
            aligner.lane_start.eq(fetch.lane_start),
            aligner.lane_end.eq(fetch.lane_end),
            aligner.pad_value.eq(fetch.pad_value),
            array.activations.eq(aligner.lanes),
            weights.address.eq(fetch.weight_address),
            register.word.as_value().eq(weights.data),
            register.finishes_next.eq(delay(m, fetch.finishes, wait - 2, name="finishes_next")),
            array.weights.eq(register.weights),
        ]
        for bank in range(program.config.banks):
            m.d.comb += frame_buffer.read_rows[bank].eq(aligner.bank_rows[bank])
        m.d.comb += [flags.fetch_valid.eq(fetch.valid), array.valid.eq(flags.late_fetch_valid)]
        for name in ("first", "last", "carry", "finishes"):
            late = delay(m, getattr(fetch, name), wait, name=f"fetch_{name}")
            m.d.comb += getattr(array, name).eq(late)
        operation: Value = fetch.operation
        if len(program.operations) == 1:
            operation = Value.cast(int(next(iter(program.operations))))
        m.d.comb += array.operation.eq(delay(m, operation, wait, name="fetch_operation"))

        if activations is None:
            m.d.comb += aligner.bank_data.eq(frame_buffer.read_data)
            return
        for bank in range(program.config.banks):
            m.d.comb += activations.read_rows[bank].eq(aligner.bank_rows[bank])
        wait = aligner.row_latency + activations.latency
        banks = program.config.banks
        shares = -(-banks // _BANKS_A_CHOICE)
        from_frame = self._technology.fan_out(
            m, fetch.upper_half, stages=wait, leaves=shares, name="from_frame"
        )
        for bank in range(banks):
            frame, activation = frame_buffer.read_data[bank], activations.read_data[bank]
            chosen = from_frame[bank // _BANKS_A_CHOICE]
            m.d.comb += aligner.bank_data[bank].eq(Mux(chosen, frame, activation))

    def _connect_drain(self, m, flags, array, drain, parameters, scalers, write_back) -> None:
        """From the array through drain and scalers to write-back."""
        widths = self.program.widths
        m.d.comb += [
            drain.take_next.eq(array.done_next),
            drain.take_lanes_next.eq(array.done_lanes_next),
            drain.columns.eq(array.columns),
            drain.tile_lanes.eq(array.lanes),
            drain.addends.eq(array.addends),
            parameters.address.eq(drain.parameter_address),
        ]
        shift_bits = self._shift_bits()
        lane_bits = widths.bias + widths.multiplier + shift_bits
        for lane, scaler in enumerate(scalers):
            m.submodules[f"scaler_{lane}"] = scaler
            word = parameters.data[lane * lane_bits :][:lane_bits]
            m.d.comb += [
                scaler.value.eq(drain.values[lane]),
                scaler.bias.eq(word[: widths.bias].as_signed()),
                scaler.shift.eq(word[widths.bias + widths.multiplier :]),
                scaler.second.eq(drain.second),
                scaler.product.eq(drain.product),
                write_back.quotients[lane].eq(scaler.quotient),
                write_back.round_up[lane].eq(scaler.round_up),
            ]
            if widths.multiplier:
                m.d.comb += scaler.multiplier.eq(word[widths.bias :][: widths.multiplier])
        wait = scalers[0].latency
        m.d.comb += [
            flags.scaled.eq(drain.valid),
            write_back.scaled.eq(flags.late_scaled),
            write_back.scaled_count.eq(delay(m, drain.count, wait, name="scaled_count")),
            write_back.tile_done.eq(delay(m, drain.tile_done, wait, name="scaled_tile_done")),
            write_back.pixel_done.eq(delay(m, drain.pixel_done, wait, name="scaled_pixel_done")),
            write_back.row_done.eq(delay(m, drain.row_done, wait, name="scaled_row_done")),
            write_back.layer_done.eq(delay(m, drain.layer_done, wait, name="scaled_layer_done")),
        ]

    def _connect_results(self, m, write_back, output, aligner, activations) -> None:
        """From write-back to memory and to the output stream."""
        program = self.program
        m.d.comb += [
            output.write.eq(write_back.valid & write_back.to_stream),
            output.count.eq(write_back.count),
            output.results.eq(write_back.data),
            output.last.eq(write_back.ends_layer),
        ]
        if aligner is None:
            return
        m.d.comb += [
            aligner.enable.eq(write_back.valid & write_back.to_memory),
            aligner.address.eq(write_back.address),
            aligner.count.eq(write_back.count),
            activations.write_enable.eq(aligner.write_enable),
        ]
        for lane in range(program.config.lanes):
            m.d.comb += aligner.lanes[lane].eq(write_back.data[lane])
        for bank in range(program.config.banks):
            m.d.comb += [
                activations.write_rows[bank].eq(aligner.write_rows[bank]),
                activations.write_data[bank].eq(aligner.write_data[bank]),
            ]
