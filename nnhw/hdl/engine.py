"""The engine: all components, wired as a machine asks for."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect

from ..isa import Operation
from ..machine import TAG_LEAD, Image, LoadMap, Machine
from .arithmetic import delays, named
from .beat import Beat, input_beat
from .component_factory import ComponentFactory
from .load_port import LoadWrite
from .reset_tree import RESET_STAGES, spread_reset
from .shift_register import ShiftRegister
from .tags import FetchTags
from .technology import CellCount, count_cells

_BANKS_A_CHOICE = 4
"""Banks that share a register of which memory they are read from."""


class Engine(wiring.Component):
    """A network in hardware: frames in, frames out, no register to be set.

    Of a programmable machine it is whatever network it was loaded with.

    Parameters
    ----------
    machine : Machine
        What it is.
    image : Image
        What its memories hold; a programmable engine does not depend on it.

    Members
    -------
    reset : In(1)
        Back to the first state; one cycle is enough. Until this has happened everywhere, which is
        `reset_latency` cycles later, both streams wait.
    frames_in : In(stream.Signature(input_beat(input_bytes, checked=frame_check)))
        Input frames, channels last, lowest byte first; see `FrameLayout`.
    frames_out : Out(stream.Signature(Beat(output_bytes)))
        Output frames, likewise.
    frame_error, frame_early, frame_accepted : Out(1)
        With `frame_check`: see `FrameBuffer`. The first and the last one never while a reset is in
        effect.
    parity_error : Out(1)
        With `parity`: a word was read that is not what was loaded, some cycles ago.
    load : In(LoadWrite(address_bits=address_bits))
        Of a programmable engine: what it is loaded with, see `Loader`. Until the control register
        says that it runs, all of it is in reset.
    free : Out(1)
        Of one with two banks: that which is not selected can be loaded, see `BankSwitch`.

    Attributes
    ----------
    reset_latency : int
    cells : CellCount
        Of the device, as soon as it is elaborated.
    """

    reset_latency = RESET_STAGES

    def __init__(self, machine: Machine, image: Image):
        self.machine = machine
        config = machine.config
        self._factory = ComponentFactory(machine, image)
        super().__init__(
            {
                "reset": In(1),
                "frames_in": In(
                    stream.Signature(input_beat(config.input_bytes, checked=config.frame_check))
                ),
                "frames_out": Out(stream.Signature(Beat(config.output_bytes))),
                **(
                    {"frame_error": Out(1), "frame_early": Out(1), "frame_accepted": Out(1)}
                    if config.frame_check
                    else {}
                ),
                **(
                    {"load": In(LoadWrite(address_bits=LoadMap.of(machine).address_bits))}
                    if config.programmable
                    else {}
                ),
                **({"parity_error": Out(1)} if config.parity else {}),
                **({"free": Out(1)} if config.program_banks > 1 else {}),
            }
        )

    @property
    def cells(self) -> CellCount:
        """See above."""
        return self._factory.cells

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
        write_back = factory.write_back()
        output = factory.output_stream()
        fetch_valid, scaled, progress = (
            ShiftRegister(shape, stages=stages, reset=True)
            for shape, stages in (
                (1, aligner.latency - TAG_LEAD),
                (1, scalers[0].latency),
                (write_back.progress.shape(), self.machine.timing.memory_delay),
            )
        )
        activations = write_aligner = None
        if self.machine.limits.depth:
            m.submodules.activations = activations = factory.activations()
            write_aligner = factory.write_aligner()
        reset: Value = self.reset
        loader = None
        if self.machine.config.programmable:
            loader = factory.loader()
            m.submodules.loader = ResetInserter(self.reset)(loader)
            reset = self.reset | ~loader.running
            self._connect_loader(m, loader, frame_buffer, fetch, weights, drain, parameters)
            self._connect_loaded_results(m, loader, write_back, output)
        incoming: dict[str, wiring.Component] = {"frame_buffer": frame_buffer}
        switch = factory.bank_switch()
        if switch is not None:
            # frames that have come in stay there when all else changes to another bank
            incoming["bank_switch"] = switch
            spread_reset(m, reset, incoming, factory.technology, name="input_reset")
            reset, incoming = reset | switch.restart, {}
        is_reset = spread_reset(
            m,
            reset,
            {
                **incoming,
                "fetch": fetch,
                "mac_array": array,
                "drain": drain,
                "write_back": write_back,
                "output_stream": output,
                "fetch_valid_delay": fetch_valid,
                "scaled_delay": scaled,
                "progress_delay": progress,
                **({"write_aligner": write_aligner} if write_aligner else {}),
            },
            self._factory.technology,
        )
        if self.machine.config.parity:
            parts = (fetch, weights, drain, parameters, write_back)
            self._check_parity(m, is_reset, parts, memories=(weights, parameters))
        if loader is not None:
            is_reset = named(m, is_reset | ~fetch.running, "is_reset_or_begins")
        # while a reset is on its way, no handshake counts
        m.d.comb += [
            frame_buffer.beats.payload.eq(self.frames_in.payload),
            frame_buffer.beats.valid.eq(
                self.frames_in.valid & ~is_reset if loader is not None else self.frames_in.valid
            ),
            self.frames_in.ready.eq(frame_buffer.beats.ready & ~is_reset),
            self.frames_out.payload.eq(output.beats.payload),
            self.frames_out.valid.eq(output.beats.valid & ~is_reset),
            output.beats.ready.eq(self.frames_out.ready),
            fetch.frame_available_next.eq(
                frame_buffer.available_next
                if switch is None
                else frame_buffer.available_next & ~switch.holds_next
            ),
            frame_buffer.consumed.eq(fetch.frame_consumed),
            fetch.entry_freed.eq(output.freed),
            progress.i.eq(write_back.progress),
            fetch.progress.eq(progress.o),
            fetch_valid.i.eq(fetch.valid),
            array.valid.eq(fetch_valid.o),
            scaled.i.eq(drain.valid),
            write_back.scaled.eq(scaled.o),
        ]
        if self.machine.config.frame_check:
            m.d.comb += [
                self.frame_error.eq(frame_buffer.frame_error & ~is_reset),
                self.frame_early.eq(frame_buffer.frame_early),
                self.frame_accepted.eq(frame_buffer.frame_accepted & ~is_reset),
            ]
        if loader is not None and switch is not None:
            self._connect_switch(m, switch, loader, frame_buffer, fetch)
        self._connect_operands(m, fetch, aligner, frame_buffer, activations, weights, array)
        self._connect_drain(m, array, drain, parameters, scalers, write_back)
        self._connect_results(m, write_back, output, write_aligner, activations)
        return m

    def _check_parity(self, m, is_reset, parts, *, memories) -> None:
        """What parts say of words that they have read."""
        errors = {part: part.parity_error for part in parts}
        if self.machine.config.program_banks > 1:
            # memories go on reading in a reset, also in a bank that nobody has loaded
            for memory in memories:
                recent = delays(m, is_reset, memory.latency, name="reset_of_memory")
                errors[memory] = memory.parity_error & ~Cat(recent).any()
        is_wrong = named(m, Cat(*errors.values()).any(), "parity_is_wrong")
        # while it is loaded, all is in reset
        m.d.sync += self.parity_error.eq(is_wrong & ~is_reset)

    def _connect_switch(self, m, switch, loader, frame_buffer, fetch) -> None:
        """What tells in which bank to work, and who is told."""
        results = self.frames_out
        m.d.comb += [
            switch.selected.eq(loader.selected),
            switch.between_next.eq(frame_buffer.between_next),
            switch.readable.eq(frame_buffer.readable),
            switch.received.eq(frame_buffer.received),
            switch.consumed.eq(fetch.frame_consumed),
            switch.delivered.eq(results.valid & results.ready & results.payload.last),
            loader.receiving.eq(switch.receiving),
            loader.at_work.eq(switch.at_work),
            loader.free.eq(switch.free),
            self.free.eq(switch.free),
        ]

    def _connect_loader(self, m, loader, frame_buffer, fetch, weights, drain, parameters) -> None:
        """From the load port to what comes before write-back."""
        m.d.comb += [
            loader.load.eq(self.load),
            frame_buffer.last_beat.eq(loader.last_beat),
            fetch.program.eq(loader.fetch_load),
            weights.write.eq(loader.weights_load),
            drain.program.eq(loader.drain_load),
            parameters.write.eq(loader.parameters_load),
        ]

    def _connect_loaded_results(self, m, loader, write_back, output) -> None:
        """From the load port to write-back and what comes after it."""
        m.d.comb += [
            write_back.program.eq(loader.write_back_load),
            output.last_output.eq(loader.last_output),
        ]
        members = write_back.signature.members
        if "residual_program" in members:
            m.d.comb += write_back.residual_program.eq(loader.residual_load)
        if "table_write" in members:
            m.d.comb += write_back.table_write.eq(loader.tables_load)

    def _connect_operands(
        self, m, fetch, aligner, frame_buffer, activations, weights, array
    ) -> None:
        """From the fetch sequencer through the memories to the array."""
        m.submodules.weight_register = register = self._factory.weight_register()
        wait = aligner.latency - TAG_LEAD
        m.submodules.fetch_tags_delay = tags = ShiftRegister(FetchTags(), stages=wait)
        m.d.comb += [
            tags.i.eq(fetch.tags),
            array.tags.eq(tags.o),
            aligner.address.eq(fetch.address),
            aligner.repeats.eq(fetch.tags.operation == Operation.DOT),
            aligner.padding.eq(fetch.padding),
            array.activations.eq(aligner.lanes),
            weights.address.eq(fetch.weight_address),
            register.word.as_value().eq(weights.data),
            register.finishes_next.eq(tags.o.finishes),
            array.weights.eq(register.weights),
        ]
        for bank in range(self.machine.config.banks):
            m.d.comb += frame_buffer.read_rows[bank].eq(aligner.bank_rows[bank])
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
            read = named(m, Mux(chosen, frame, activation), f"bank_data_{bank}")
            m.d.comb += aligner.bank_data[bank].eq(read)

    def _connect_drain(self, m, array, drain, parameters, scalers, write_back) -> None:
        """From the array through drain and scalers to write-back."""
        widths = self.machine.datapath.widths
        connect(m, array.tile, drain.tile)
        m.d.comb += parameters.address.eq(drain.parameter_address)
        lane_bits = sum(self.machine.datapath.parameter_fields)
        for lane, scaler in enumerate(scalers):
            m.submodules[f"scaler_{lane}"] = scaler
            word = parameters.data[lane * lane_bits :][:lane_bits]
            m.d.comb += [
                scaler.value.eq(drain.values[lane]),
                scaler.bias.eq(word[: widths.bias].as_signed()),
                scaler.shift.eq(word[widths.bias + widths.multiplier :]),
                scaler.second.eq(drain.second),
                scaler.combination.eq(drain.combination),
                write_back.quotients[lane].eq(scaler.quotient),
            ]
            if widths.multiplier:
                m.d.comb += scaler.multiplier.eq(word[widths.bias :][: widths.multiplier])
        m.submodules.step_tags_delay = tags = ShiftRegister(
            drain.tags.shape(), stages=scalers[0].latency
        )
        m.d.comb += [tags.i.eq(drain.tags), write_back.tags.eq(tags.o)]

    def _connect_results(self, m, write_back, output, aligner, activations) -> None:
        """From write-back to memory and to the output stream."""
        m.d.comb += [
            output.write.eq(write_back.to_stream),
            output.count.eq(write_back.count),
            output.results.eq(write_back.data),
            output.last.eq(write_back.ends_layer),
        ]
        if aligner is None:
            return
        m.d.comb += [
            aligner.enable.eq(write_back.to_memory),
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


def engine_cells(machine: Machine, image: Image) -> CellCount:
    """What an engine takes of the device that it is made for."""
    engine = Engine(machine, image)
    return count_cells(engine, lambda: engine.cells)
