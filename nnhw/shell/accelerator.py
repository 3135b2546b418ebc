"""The top module: an engine in its shell."""

from __future__ import annotations

from dataclasses import replace

from amaranth.hdl import ClockDomain, DomainRenamer, Module, ResetInserter, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import connect

from ..hdl import Engine
from ..machine import Image, LoadMap, Machine
from ..registers import BUSES, RegisterMap, memory_ports
from .clock_crossing import ClockCrossing
from .config import ShellConfig
from .dma import MemoryMover
from .event_crossing import EventCrossing
from .idle_monitor import IdleMonitor
from .ports import port_members
from .register_shell import RegisterShell
from .stream_shell import STREAMS, StreamShell, keep_components


class Accelerator(wiring.Component):
    """An engine between two AXI4-Streams (AMBA 4 AXI4-Stream, ARM IHI 0051A).

    Where frames are mapped, it is between windows on a control bus, and where they are in memory,
    behind a manager of AXI4.

    Parameters
    ----------
    machine : Machine
    image : Image
        See `Engine`.
    shell : ShellConfig
        What surrounds it.
    registers : RegisterMap
        What its control bus reaches, if it has one.

    Members
    -------
    clk : In(1)
        All registers change with its rising edge, but for those that `axis_clk` changes.
    axis_clk : In(1)
        With two clocks: that of both streams, of the control bus with `irq`, and of the reset.
        `frame_error` has the engine's.
    rst, or aresetn : In(1)
        Synchronous reset, active high or low as the shell says; one cycle is enough. While it is in
        effect, which is some cycles longer, both streams wait; see `Engine.reset_latency`.
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast
        Input frames, unless they are mapped or in memory. Beats are counted; tlast is ignored
        unless the machine checks frames.
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast
        Output frames, likewise.
    s_axis_tkeep, m_axis_tkeep
        If the shell has tkeep: lanes that count; see `InputKeep`.
    s_axis_tuser, m_axis_tuser
        If the shell has tags: that of an input frame's first beat, and of each beat of its output
        frame. With a control bus, m_axis_tuser has a bit below it: with a frame's last beat,
        whether it was aborted and is not whole.
    load_valid, load_address, load_data
        Of a programmable machine without a control bus: writes to what it is loaded with, one a
        cycle at most; see `LoadMap` for addresses, and `Loader`.
    frame_error : Out(1)
        With `frame_check`: a cycle for each input frame that is dropped since its tlast comes
        early, late or not at all; see `FrameBuffer`.
    idle : Out(1)
        If the shell has it: see `IdleMonitor`; in the engine's clock.
    s_axil_awaddr, ..., or s_wb_cyc, ..., or s_apb_paddr, ...
        The control bus that the shell asks for; see `BUSES`.
    irq : Out(1)
        With a control bus: interrupt, high while one is pending.
    m_axi_awid, ..., m_axi_rready
        Where frames are in memory: the bus to it; see `memory_ports`.

    Raises
    ------
    ValueError
        If the shell has tags or `idle`, and the machine does not check frames.
        If the machine has parity, and there are no registers.
        If there is a control bus without a register map, or the machine does not check frames then.
        If the machine has two banks, and its registers are none, or in another clock, or tkeep
        follows what is loaded.
    """

    def __init__(
        self,
        machine: Machine,
        image: Image,
        shell: ShellConfig | None = None,
        registers: RegisterMap | None = None,
    ):
        self.machine = machine
        self.image = image
        self.shell = shell or ShellConfig()
        if self.shell.tag_bits and not machine.config.frame_check:
            raise ValueError("Tags need a machine that checks frames")
        if self.shell.idle and not machine.config.frame_check:
            raise ValueError("The output idle needs a machine that checks frames")
        self.registers = registers
        if machine.config.parity and self.shell.bus is None:
            raise ValueError("Parity needs registers with a cause for it")
        if self.shell.bus is not None and (registers is None or not machine.config.frame_check):
            raise ValueError("A control bus needs a register map, and frames that are checked")
        if machine.config.program_banks > 1 and (
            self.shell.bus is None or self.shell.has_registers_apart or self.shell.loads_sizes
        ):
            raise ValueError("Two banks need registers of the engine's clock, without tkeep")
        super().__init__(port_members(machine, self.shell, registers))

    @property
    def _reset(self) -> Value:
        """The reset, active high."""
        port = getattr(self, self.shell.reset_port)
        return ~port if self.shell.reset == "active-low" else port

    def elaborate(self, platform):
        m = Module()
        # the engine spreads its reset itself
        m.domains.sync = sync = ClockDomain(reset_less=True)
        sync.clk = self.clk
        m.submodules.engine = engine = Engine(self.machine, self.image)
        frames_in, frames_out = engine.frames_in, engine.frames_out
        streams = self._add_streams(m) if self.shell.has_streams else None
        reset = self._reset if streams is None else streams.engine_reset
        registers = None
        if self.shell.bus is not None:
            registers = self._add_registers(m, self.shell.bus)
        if registers is None or self.shell.has_registers_apart:
            m.d.comb += engine.reset.eq(reset)
        else:
            m.submodules.registers = ResetInserter(reset)(registers)
            self._surround(m, engine, registers, reset)
            if self.shell.has_stream_ports:
                frames_in, frames_out = registers.outside_in, registers.outside_out
            if streams is not None:
                m.d.comb += streams.aborted.eq(registers.aborted)
                if self.shell.loads_sizes:
                    m.d.comb += streams.description.eq(registers.description)
        if streams is not None:
            self._connect_streams(m, streams, engine, frames_in, frames_out)
            frames_in, frames_out = streams.outside_in, streams.outside_out
        if registers is not None and streams is not None and self.shell.has_registers_apart:
            self._add_outside(m, streams, registers)
            if self.shell.has_stream_ports:
                frames_in, frames_out = self._add_keep(m, registers)
            if self.machine.config.programmable:
                self._add_load_queue(m, engine, streams, registers)
            if self.machine.config.parity:
                self._add_parity_crossing(m, engine, streams, registers)
        if self.shell.has_stream_ports:
            self._connect_ports(m, frames_in, frames_out)
        if self.machine.config.frame_check:
            m.d.comb += self.frame_error.eq(engine.frame_error)
        if self.shell.idle:
            self._add_idle(m, engine)
        if self.machine.config.programmable and self.shell.bus is None:
            m.d.comb += [
                engine.load.valid.eq(self.load_valid),
                engine.load.address.eq(self.load_address),
                engine.load.data.eq(self.load_data),
            ]
        return m

    def _connect_ports(self, m: Module, frames_in, frames_out) -> None:
        """The streams of the ports."""
        m.d.comb += [
            frames_in.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(frames_in.ready),
            self.m_axis_tvalid.eq(frames_out.valid),
            frames_out.ready.eq(self.m_axis_tready),
        ]
        for name, _ in frames_out.payload.shape():
            m.d.comb += getattr(self, f"m_axis_t{name}").eq(frames_out.payload[name])
        if self.shell.has_streams or self.machine.config.frame_check:
            for name, _ in frames_in.payload.shape():
                m.d.comb += frames_in.payload[name].eq(getattr(self, f"s_axis_t{name}"))
        else:
            m.d.comb += frames_in.payload.eq(self.s_axis_tdata)

    def _add_idle(self, m: Module, engine: Engine) -> None:
        """What watches the engine's own streams."""
        beats, results = engine.frames_in, engine.frames_out
        monitor = IdleMonitor()
        m.submodules.idle_monitor = ResetInserter(engine.reset)(monitor)
        m.d.comb += [
            monitor.offered.eq(beats.valid),
            monitor.take.eq(beats.valid & beats.ready),
            monitor.last.eq(beats.payload.last),
            monitor.accepted.eq(engine.frame_accepted),
            monitor.delivered.eq(results.valid & results.ready & results.payload.last),
            self.idle.eq(monitor.idle),
        ]

    def _add_streams(self, m: Module) -> StreamShell:
        """What stands between the ports and the rest, which it says when to reset; or between
        registers of another clock and the engine."""
        config, shell = self.machine.config, self.shell
        if shell.has_registers_apart:
            shell = replace(shell, bus=None, bus_errors=False, io="stream", keep=None)
        m.submodules.streams = streams = StreamShell(
            shell,
            input_bytes=config.input_bytes,
            output_bytes=config.output_bytes,
            checked=config.frame_check,
            registers_outside=self.shell.has_registers_apart,
        )
        if self.shell.clocks == "two":
            m.domains += (axis := ClockDomain(STREAMS, reset_less=True))
            axis.clk = self.axis_clk
        if not self.shell.has_registers_apart:
            m.d.comb += streams.reset.eq(self._reset)
        return streams

    def _connect_streams(
        self, m: Module, streams: StreamShell, engine: Engine, frames_in, frames_out
    ) -> None:
        """To the streams of the engine, or of the registers around it."""
        connect(m, frames_out, streams.inside_out)
        if self.machine.config.frame_check:
            connect(m, streams.inside_in, frames_in)
            m.d.comb += streams.accepted.eq(engine.frame_accepted)
        else:
            m.d.comb += [
                frames_in.payload.eq(streams.inside_in.payload.data),
                frames_in.valid.eq(streams.inside_in.valid),
                streams.inside_in.ready.eq(frames_in.ready),
            ]

    def _add_registers(self, m: Module, bus: str) -> RegisterShell:
        """Registers and their bus; the caller makes them a submodule."""
        assert self.registers is not None, "the constructor has checked it"
        config, registers = self.machine.config, self.registers
        is_apart = self.shell.has_registers_apart
        frame_bytes = self.image.frame_bytes
        if config.programmable:
            frame_bytes = self.machine.limits.frame_bytes
        shell = RegisterShell(
            bus=bus,
            registers=registers,
            bus_errors=self.shell.bus_errors,
            input_bytes=config.input_bytes,
            output_bytes=config.output_bytes,
            reset_latency=None if is_apart else Engine.reset_latency,
            tag_bits=self.shell.tag_bits if is_apart else 0,
            beats=-(-frame_bytes // config.input_bytes) if is_apart else None,
            load_map=LoadMap.of(self.machine) if config.programmable else None,
            windows=self.shell.is_mapped,
            mover=self._mover(registers) if self.shell.has_dma else None,
        )
        for name, (side, _) in memory_ports(self.shell.to_dict()).items():
            outer, inner = getattr(self, name), getattr(shell, name)
            m.d.comb += inner.eq(outer) if side == "input" else outer.eq(inner)
        prefix = f"{BUSES[bus].prefix}_"
        for name, (direction, _) in BUSES[bus].widths(registers.address_bits).items():
            outer, inner = getattr(self, name), getattr(shell, name.removeprefix(prefix))
            m.d.comb += inner.eq(outer) if direction == "input" else outer.eq(inner)
        m.d.comb += self.irq.eq(shell.irq)
        return shell

    def _mover(self, registers: RegisterMap) -> MemoryMover:
        """What moves frames from and to memory."""
        return MemoryMover(
            address_bits=self.shell.memory_address_bits,
            word_bytes=self.machine.config.input_bytes,
            entries=registers.tensor_entries,
            cache=self.shell.memory_cache,
            prot=self.shell.memory_prot,
        )

    def _surround(self, m: Module, engine: Engine, registers: RegisterShell, reset: Value) -> None:
        """Registers next to the engine, which say when it is reset besides."""
        connect(m, registers.inside_in, engine.frames_in)
        connect(m, engine.frames_out, registers.inside_out)
        m.d.comb += [
            engine.reset.eq(reset | registers.engine_reset),
            registers.frame_error.eq(engine.frame_error),
            registers.frame_early.eq(engine.frame_early),
            registers.frame_accepted.eq(engine.frame_accepted),
        ]
        if self.machine.config.programmable:
            m.d.comb += engine.load.eq(registers.load)
        if self.machine.config.program_banks > 1:
            m.d.comb += registers.bank_free.eq(engine.free)
        if self.machine.config.parity:
            m.d.comb += registers.parity_error.eq(engine.parity_error)

    def _add_load_queue(
        self, m: Module, engine: Engine, streams: StreamShell, registers: RegisterShell
    ) -> None:
        """From registers of another clock to the engine's load port."""
        write = registers.load
        fields = {name: shape for name, shape in write.shape().members.items() if name != "valid"}
        queue = ClockCrossing(data.StructLayout(fields), writer=STREAMS, reader="sync")
        resets = {STREAMS: streams.outside_reset, "sync": streams.engine_reset}
        m.submodules.load_crossing = ResetInserter(resets)(queue)
        m.d.comb += [
            queue.source.valid.eq(write.valid),
            registers.load_ready.eq(queue.source.ready),
            engine.load.valid.eq(queue.sink.valid),
            queue.sink.ready.eq(1),
        ]
        for name in fields:
            m.d.comb += [
                queue.source.payload[name].eq(write[name]),
                engine.load[name].eq(queue.sink.payload[name]),
            ]

    def _add_parity_crossing(
        self, m: Module, engine: Engine, streams: StreamShell, registers: RegisterShell
    ) -> None:
        """From the engine to registers of another clock."""
        crossing = EventCrossing(source="sync", target=STREAMS)
        resets = {STREAMS: streams.outside_reset, "sync": streams.engine_reset}
        m.submodules.parity_crossing = ResetInserter(resets)(crossing)
        m.d.comb += [
            crossing.event.eq(engine.parity_error),
            registers.parity_error.eq(crossing.seen),
        ]

    def _outside(self, component):
        """A component in the streams' clock, with the reset of the port."""
        return DomainRenamer(STREAMS)(ResetInserter(self._reset)(component))

    def _add_outside(self, m: Module, streams: StreamShell, registers: RegisterShell) -> None:
        """Registers of the streams' clock in front of the queues.

        An abort resets all behind the registers: queues, tags and the engine.
        """
        m.submodules.registers = self._outside(registers)
        connect(m, registers.inside_in, streams.outside_in)
        connect(m, streams.outside_out, registers.inside_out)
        m.d.comb += [
            streams.reset.eq(self._reset | registers.engine_reset),
            registers.engine_resets.eq(streams.outside_reset),
        ]

    def _add_keep(self, m: Module, registers: RegisterShell):
        """tkeep in front of registers of the streams' clock; returns the streams of the ports."""
        if self.shell.keep is None:
            return registers.outside_in, registers.outside_out
        input_keep, output_keep = keep_components(
            self.shell,
            input_bytes=self.machine.config.input_bytes,
            output_bytes=self.machine.config.output_bytes,
            checked=self.machine.config.frame_check,
        )
        m.submodules.input_keep = self._outside(input_keep)
        m.submodules.output_keep = self._outside(output_keep)
        if self.shell.loads_sizes:
            m.d.comb += [
                input_keep.description.eq(registers.description),
                output_keep.description.eq(registers.description),
            ]
        connect(m, input_keep.inside, registers.outside_in)
        connect(m, registers.outside_out, output_keep.inside)
        return input_keep.outside, output_keep.outside
