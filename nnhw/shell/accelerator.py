"""The top module: an engine in its shell."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module, Value
from amaranth.lib import wiring

from ..hdl import Engine
from ..machine import Image, Machine
from .config import ShellConfig
from .ports import port_members


class Accelerator(wiring.Component):
    """An engine between two AXI4-Streams (AMBA 4 AXI4-Stream, ARM IHI 0051A).

    Parameters
    ----------
    machine : Machine
    image : Image
        See `Engine`.
    shell : ShellConfig
        What surrounds it.

    Members
    -------
    clk : In(1)
        All registers change with its rising edge.
    rst, or aresetn : In(1)
        Synchronous reset, active high or low as the shell says; one cycle is enough. While it is in
        effect, which is some cycles longer, both streams wait; see `Engine.reset_latency`.
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast
        Input frames. Beats are counted; tlast is ignored unless the machine checks frames.
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast
        Output frames.
    frame_error : Out(1)
        With `frame_check`: a cycle for each input frame that is dropped since its tlast comes
        early, late or not at all; see `FrameBuffer`.
    """

    def __init__(self, machine: Machine, image: Image, shell: ShellConfig | None = None):
        self.machine = machine
        self.image = image
        self.shell = shell or ShellConfig()
        super().__init__(port_members(machine, self.shell))

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
        m.d.comb += [
            engine.reset.eq(self._reset),
            engine.frames_in.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(engine.frames_in.ready),
            self.m_axis_tdata.eq(engine.frames_out.payload.data),
            self.m_axis_tlast.eq(engine.frames_out.payload.last),
            self.m_axis_tvalid.eq(engine.frames_out.valid),
            engine.frames_out.ready.eq(self.m_axis_tready),
        ]
        payload = engine.frames_in.payload
        if self.machine.config.frame_check:
            m.d.comb += [
                payload.data.eq(self.s_axis_tdata),
                payload.last.eq(self.s_axis_tlast),
                self.frame_error.eq(engine.frame_error),
            ]
        else:
            m.d.comb += payload.eq(self.s_axis_tdata)
        return m
