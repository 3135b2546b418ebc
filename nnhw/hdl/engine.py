"""The engine: all components, wired as a machine asks for."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation
from ..machine import ACTIVATION_STAGES, Image, Machine
from .arithmetic import delay
from .component_factory import ComponentFactory
from .gearbox import Beat
from .reset_tree import RESET_STAGES, spread_reset

_BANKS_A_CHOICE = 4
"""Banks that share a register of which memory they are read from."""


class Engine(wiring.Component):
    """A network in hardware: frames in, frames out, no register to be set.

    Parameters
    ----------
    machine : Machine
        What it is.
    image : Image
        What its memories hold.

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

    def __init__(self, machine: Machine, image: Image):
        self.machine = machine
        config = machine.config
        self._factory = ComponentFactory(machine, image)
        super().__init__(
            {
                "reset": In(1),
                "frames_in": In(stream.Signature(unsigned(8 * config.input_bytes))),
                "frames_out": Out(stream.Signature(Beat(config.output_bytes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        factory = self._factory
        frame_buffer = factory.frame_buffer()
        fetch = factory.fetch_sequencer()
        m.submodules.read_aligner = aligner = factory.read_aligner(fetch)
        m.submodules.weights = weights = factory.weights()
        array = factory.array()
        drain = factory.drain(array)
        m.submodules.parameters = parameters = factory.parameters()
        scalers = [factory.scaler() for _ in range(self.machine.config.lanes)]
        write_back = factory.write_back(scalers[0])
        output = factory.output_stream()
        flags = factory.flag_delays(fetch, aligner, scalers[0], write_back)
        activations = write_aligner = None
        if self.machine.limits.depth:
            m.submodules.activations = activations = factory.activations()
            write_aligner = factory.write_aligner()
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
            self._factory.technology,
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

    def _connect_operands(
        self, m, flags, fetch, aligner, frame_buffer, activations, weights, array
    ) -> None:
        """From the fetch sequencer through the memories to the array."""
        m.submodules.weight_register = register = self._factory.weight_register()
        wait = aligner.latency + ACTIVATION_STAGES  # until all of a fetch is in the array
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
        for bank in range(self.machine.config.banks):
            m.d.comb += frame_buffer.read_rows[bank].eq(aligner.bank_rows[bank])
        m.d.comb += [flags.fetch_valid.eq(fetch.valid), array.valid.eq(flags.late_fetch_valid)]
        for name in ("first", "last", "carry", "finishes"):
            late = delay(m, getattr(fetch, name), wait, name=f"fetch_{name}")
            m.d.comb += getattr(array, name).eq(late)
        operation: Value = fetch.operation
        if len(self.machine.limits.operations) == 1:
            operation = Value.cast(int(next(iter(self.machine.limits.operations))))
        m.d.comb += array.operation.eq(delay(m, operation, wait, name="fetch_operation"))

        if activations is None:
            m.d.comb += aligner.bank_data.eq(frame_buffer.read_data)
            return
        for bank in range(self.machine.config.banks):
            m.d.comb += activations.read_rows[bank].eq(aligner.bank_rows[bank])
        wait = aligner.row_latency + activations.latency
        banks = self.machine.config.banks
        shares = -(-banks // _BANKS_A_CHOICE)
        from_frame = self._factory.technology.fan_out(
            m, fetch.upper_half, stages=wait, leaves=shares, name="from_frame"
        )
        for bank in range(banks):
            frame, activation = frame_buffer.read_data[bank], activations.read_data[bank]
            chosen = from_frame[bank // _BANKS_A_CHOICE]
            m.d.comb += aligner.bank_data[bank].eq(Mux(chosen, frame, activation))

    def _connect_drain(self, m, flags, array, drain, parameters, scalers, write_back) -> None:
        """From the array through drain and scalers to write-back."""
        widths = self.machine.datapath.widths
        m.d.comb += [
            drain.take_next.eq(array.done_next),
            drain.take_lanes_next.eq(array.done_lanes_next),
            drain.columns.eq(array.columns),
            drain.tile_lanes.eq(array.lanes),
            drain.addends.eq(array.addends),
            parameters.address.eq(drain.parameter_address),
        ]
        lane_bits = sum(self.machine.datapath.parameter_fields)
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
        for lane in range(self.machine.config.lanes):
            m.d.comb += aligner.lanes[lane].eq(write_back.data[lane])
        for bank in range(self.machine.config.banks):
            m.d.comb += [
                activations.write_rows[bank].eq(aligner.write_rows[bank]),
                activations.write_data[bank].eq(aligner.write_data[bank]),
            ]
