"""Registers around an engine's streams: control, interrupts and counters over a control bus."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..hdl.load_port import LoadWrite
from ..machine import LoadMap
from ..registers import MEMORY_PREFIX, RegisterMap
from .apb import ApbFrontEnd
from .axi_lite import AxiLiteFrontEnd
from .bus_signature import bus_members
from .dma import MemoryMover
from .frame_control import FrameControl
from .frame_counters import FrameCounters
from .frame_monitor import FrameMonitor
from .frame_windows import FrameWindows
from .load_control import LoadControl
from .port_beat import PortBeat
from .register_bank import DescriptionWrite, RegisterBank
from .wishbone import WishboneFrontEnd

FRONT_ENDS: dict[str, Any] = {
    "axi-lite": AxiLiteFrontEnd,
    "wishbone": WishboneFrontEnd,
    "apb": ApbFrontEnd,
}
"""By the names of the option `bus`."""


class RegisterShell(wiring.Component):
    """A control bus with its registers, and what they control.

    Parameters
    ----------
    bus : str
        A key of `FRONT_ENDS`.
    registers : RegisterMap
    bus_errors : bool
        See `RegisterBank`.
    input_bytes, output_bytes : int
        Bytes of a beat.
    reset_latency : int or None
        See `FrameControl`.
    tag_bits : int
        See `FrameControl`.
    beats : int or None
        Of an input frame, of an engine behind queues to another clock; None: of one that is next
        to it.
    load_map : LoadMap or None
        Of an engine that is loaded.
    windows : bool
        Whether frames come and go through windows among the registers; beats have 4 bytes then, and
        there are no streams outside.
    mover : MemoryMover or None
        What moves frames from and to memory, in place of streams outside.

    Members
    -------
    PORT : In or Out
        The ports of the bus, without its prefix.
    irq : Out(1)
        Interrupt, high while one is pending.
    m_axi_PORT : In or Out
        With a mover: the ports of the bus to memory.
    inside_in, inside_out, aborted
        See `FrameControl`.
    outside_in : In(stream.Signature(PortBeat(input_bytes, keep=False, user_bits=tag_bits)))
        Without windows and mover: see `FrameControl`.
    outside_out : Out(stream.Signature(PortBeat(output_bytes, keep=False, user_bits=...)))
        Likewise; tuser is its `closes`, and the tag above.
    engine_reset : Out(1)
        For a cycle; to an engine behind queues until `engine_resets`.
    engine_resets : In(1)
        Of an engine behind queues: it or they are in reset.
    frame_error, frame_early, frame_accepted : In(1)
        Of an engine that is next to it: see `Engine`.
    parity_error : In(1)
        If there is a cause for it among the registers: see `Engine`.
    load : Out(LoadWrite(address_bits=address_bits))
        Of an engine that is loaded: see `LoadControl`.
    load_ready : In(1)
        Of one behind queues: likewise.
    description : Out(DescriptionWrite(banks=banks))
        Of an engine that is loaded: what else is loaded with a network; see `RegisterBank`.
    bank_free : In(1)
        Of one with two banks: see `Engine`.
    """

    def __init__(
        self,
        *,
        bus: str,
        registers: RegisterMap,
        bus_errors: bool = False,
        input_bytes: int,
        output_bytes: int,
        reset_latency: int | None,
        tag_bits: int = 0,
        beats: int | None = None,
        load_map: LoadMap | None = None,
        windows: bool = False,
        mover: MemoryMover | None = None,
    ):
        self.bus = bus
        self._windows = FrameWindows() if windows else None
        self._mover = mover
        is_loaded = load_map is not None
        self._monitor = None
        if beats is not None:
            self._monitor = FrameMonitor(beats=beats, loaded=is_loaded)
        self._load_control = None
        if load_map is not None:
            self._load_control = LoadControl(load_map, waits=beats is not None)
        self._front_end = FRONT_ENDS[bus](address_bits=registers.address_bits)
        self._bank = RegisterBank(registers=registers, bus_errors=bus_errors)
        self._frame_control = FrameControl(
            input_bytes=input_bytes,
            output_bytes=output_bytes,
            reset_latency=reset_latency,
            tag_bits=tag_bits,
        )
        self._has_parity = "error_cause_parity" in self._bank.signature.members
        self._ports = tuple(bus_members(bus, registers.address_bits))

        def streamed(beat_bytes: int, user_bits: int) -> stream.Signature:
            return stream.Signature(PortBeat(beat_bytes, keep=False, user_bits=user_bits))

        beats_in, beats_out = (streamed(size, tag_bits) for size in (input_bytes, output_bytes))
        super().__init__(
            {
                **bus_members(bus, registers.address_bits),
                "irq": Out(1),
                "inside_in": Out(beats_in),
                "inside_out": In(beats_out),
                **({} if mover is None else _memory_members(mover)),
                **(
                    {}
                    if windows or mover
                    else {
                        "outside_in": In(beats_in),
                        "outside_out": Out(streamed(output_bytes, tag_bits + 1)),
                    }
                ),
                "engine_reset": Out(1),
                "aborted": Out(1),
                **(
                    dict.fromkeys(("frame_error", "frame_early", "frame_accepted"), In(1))
                    if beats is None
                    else {"engine_resets": In(1)}
                ),
                **({"parity_error": In(1)} if self._has_parity else {}),
                **(
                    {
                        "load": Out(LoadWrite(address_bits=load_map.address_bits)),
                        "description": Out(DescriptionWrite(banks=load_map.banks)),
                        **({"bank_free": In(1)} if load_map.banks > 1 else {}),
                    }
                    if load_map is not None
                    else {}
                ),
                **({"load_ready": In(1)} if is_loaded and beats is not None else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.front_end = front_end = self._front_end
        m.submodules.bank = bank = self._bank
        m.submodules.control = control = self._frame_control
        m.submodules.counters = counters = FrameCounters()
        for port in self._ports:
            outer, inner = getattr(self, port), getattr(front_end, port)
            is_input = self.signature.members[port].flow is In
            m.d.comb += inner.eq(outer) if is_input else outer.eq(inner)
        connect(m, front_end.bus, bank.bus)
        for name in ("inside_in", "inside_out"):
            connect(m, getattr(control, name), flipped(getattr(self, name)))
        outside_in, outside_out = control.outside_in, control.outside_out
        frames: Any = self
        if self._monitor is None:
            m.d.comb += self.engine_reset.eq(control.engine_reset)
        else:
            frames = self._add_monitor(m, self._monitor, control)
        m.d.comb += [
            self.aborted.eq(control.aborted),
            counters.begun.eq(control.receiving),
            counters.accepted.eq(frames.frame_accepted),
            counters.damaged.eq(frames.frame_error),
            counters.cut_off.eq(control.cut_off),
            counters.delivered.eq(control.delivered),
            counters.aborted.eq(control.aborted),
            counters.input_waits.eq(outside_in.valid & ~outside_in.ready),
            counters.output_waits.eq(outside_out.valid & ~outside_out.ready),
            self.irq.eq(bank.irq),
            bank.error_cause_tlast_early.eq(frames.frame_error & frames.frame_early),
            bank.error_cause_tlast_late.eq(frames.frame_error & ~frames.frame_early),
            bank.status_receiving.eq(control.receiving),
            bank.status_sending.eq(control.sending),
            bank.status_discarding.eq(control.discarding),
        ]
        m.d.comb += [
            getattr(bank, name).eq(getattr(counters, name))
            for name in (
                "frames_accepted",
                "frames_dropped",
                "frames_delivered",
                "frame_cycles",
                "input_stalls",
                "output_stalls",
            )
        ]
        errors: Value = frames.frame_error
        if self._mover is not None:
            errors = self._connect_mover(m, self._mover, bank, control, counters)
            m.d.comb += self._mover.damaged.eq(frames.frame_error)
        else:
            m.d.comb += [
                control.abort.eq(bank.control_abort),
                bank.irq_status_delivered.eq(control.delivered),
                bank.irq_status_aborted.eq(control.aborted),
                bank.status_aborting.eq(control.aborting),
                bank.status_busy.eq(counters.busy | control.aborting),
            ]
        if self._windows is not None:
            self._connect_windows(m, self._windows, bank, control)
            errors |= self._windows.overflow | self._windows.underflow
        elif self._mover is None:
            self._connect_streams(m, control)
        enable: Value = bank.control_enable
        if self._monitor is not None:
            enable &= ~self.engine_resets
        if self._load_control is not None:
            self._connect_load(m, self._load_control, bank, control, counters)
            errors |= self._load_control.refused
            enable &= bank.load_control_run
            if self._load_control.load_map.banks > 1:
                enable &= ~self._load_control.switching
        if self._has_parity:
            m.d.comb += bank.error_cause_parity.eq(self.parity_error)
            errors |= self.parity_error
        m.d.comb += [control.enable.eq(enable), bank.irq_status_error.eq(errors)]
        return m

    def _connect_streams(self, m: Module, control: FrameControl) -> None:
        """Frames come and go over streams."""
        connect(m, control.outside_in, flipped(self.outside_in))
        outside, inside = self.outside_out, control.outside_out
        user: Value = control.closes
        if control.tag_bits:
            user = Cat(control.closes, inside.payload.user)
        m.d.comb += [
            outside.payload.data.eq(inside.payload.data),
            outside.payload.last.eq(inside.payload.last),
            outside.payload.user.eq(user),
            outside.valid.eq(inside.valid),
            inside.ready.eq(outside.ready),
        ]

    def _connect_windows(
        self, m: Module, windows: FrameWindows, bank: RegisterBank, control: FrameControl
    ) -> None:
        """Frames come and go through registers."""
        m.submodules.windows = windows
        connect(m, windows.frames_in, control.outside_in)
        connect(m, control.outside_out, windows.frames_out)
        ends = bank.input_last_value_written
        m.d.comb += [
            windows.clear.eq(bank.control_abort | control.aborting),
            windows.write.eq(bank.input_data_value_written | ends),
            windows.last.eq(ends),
            windows.word.eq(bank.input_data_value),
            windows.read.eq(bank.output_data_value_read),
            bank.input_status_room.eq(windows.room),
            bank.output_status_words.eq(windows.words),
            bank.output_status_last.eq(windows.next_last),
            bank.output_data_value.eq(windows.next_word),
            bank.error_cause_window_full.eq(windows.overflow),
            bank.error_cause_window_empty.eq(windows.underflow),
        ]

    def _connect_mover(
        self,
        m: Module,
        mover: MemoryMover,
        bank: RegisterBank,
        control: FrameControl,
        counters: FrameCounters,
    ) -> Value:
        """Frames come from memory and go there; returns whether one has ended with an error.

        Events are those of descriptors, which are later than those of the engine's streams.
        """
        m.submodules.mover = mover
        connect(m, mover.frames_in, control.outside_in)
        connect(m, control.outside_out, mover.frames_out)
        for name in mover.bus_ports:
            outer, inner = getattr(self, f"{MEMORY_PREFIX}_{name}"), getattr(mover, name)
            is_input = mover.signature.members[name].flow is In
            m.d.comb += inner.eq(outer) if is_input else outer.eq(inner)
        asks_abort = Signal(name="asks_abort")
        m.d.sync += asks_abort.eq((asks_abort & ~mover.aborted) | bank.control_abort)
        m.d.comb += [
            mover.start.eq(bank.dma_control_start),
            mover.doorbell.eq(bank.dma_control_doorbell),
            mover.first.eq(Cat(bank.descriptor_low_value, bank.descriptor_high_value)),
            mover.abort.eq(bank.control_abort),
            mover.aborting.eq(control.aborting),
            control.abort.eq(bank.control_abort | mover.frame_abort),
            bank.dma_status_running.eq(mover.running),
            bank.dma_status_halted.eq(mover.halted),
            bank.dma_status_result.eq(mover.result),
            Cat(bank.current_low_value, bank.current_high_value).eq(mover.current),
            bank.irq_status_delivered.eq(mover.delivered),
            bank.irq_status_aborted.eq(mover.aborted),
            bank.status_aborting.eq(asks_abort),
            bank.status_busy.eq(counters.busy | control.aborting | mover.running),
            bank.error_cause_memory_read.eq(mover.read_error),
            bank.error_cause_memory_write.eq(mover.write_error),
            bank.error_cause_descriptor_access.eq(mover.inaccessible),
            bank.error_cause_descriptor_invalid.eq(mover.invalid),
        ]
        return mover.read_error | mover.write_error | mover.inaccessible | mover.invalid

    def _add_monitor(self, m: Module, monitor: FrameMonitor, control: FrameControl) -> FrameMonitor:
        """Of an engine behind queues: what it says of frames, and how it is reset."""
        m.submodules.monitor = ResetInserter(self.engine_resets)(monitor)
        inside = control.inside_in
        asks = Signal(name="reset_request")
        m.d.sync += asks.eq(control.engine_reset | (asks & ~self.engine_resets))
        m.d.comb += [
            monitor.take.eq(inside.valid & inside.ready),
            monitor.last.eq(inside.payload.last),
            self.engine_reset.eq(asks),
            control.resetting.eq(asks | self.engine_resets),
        ]
        return monitor

    def _connect_load(
        self,
        m: Module,
        load: LoadControl,
        bank: RegisterBank,
        control: FrameControl,
        counters: FrameCounters,
    ) -> None:
        """Of an engine that is loaded: its load port, and the registers that write it."""
        m.submodules.load_control = load
        m.d.comb += [
            bank.error_cause_load_refused.eq(load.refused),
            bank.load_status_running.eq(load.running),
            bank.load_status_ready.eq(self.load_ready if load.waits else 1),
            bank.load_address_value_used.eq(load.used),
            bank.description.eq(load.description),
            self.description.eq(load.description),
            load.run.eq(bank.load_control_run),
            load.written.eq(bank.load_data_value_written),
            load.address.eq(bank.load_address_value),
            load.data.eq(bank.load_data_value),
            load.busy.eq(counters.busy | control.aborting),
            load.engine_reset.eq(control.engine_reset),
            self.load.eq(load.load),
        ]
        if load.load_map.banks > 1:
            m.d.comb += [
                bank.load_status_free.eq(load.can_load),
                load.bank.eq(bank.load_control_bank),
                load.free.eq(self.bank_free),
            ]
        if self._monitor is not None:
            m.d.comb += [
                load.ready.eq(self.load_ready),
                self._monitor.last_beat.eq(load.last_beat),
            ]


def _memory_members(mover: MemoryMover) -> dict[str, wiring.Member]:
    """The ports of a bus to memory, with its prefix."""
    members = mover.signature.members
    return {f"{MEMORY_PREFIX}_{name}": members[name] for name in mover.bus_ports}
