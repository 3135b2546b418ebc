"""The top module on a board."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..families import Board
from ..hdl.serial import SerialBridge
from ..link import LinkedDesign
from ..options import RESETS
from .activity_light import ActivityLight
from .pll import make_pll
from .startup_reset import StartupReset
from .timing import BoardTiming

_RESET_CYCLES = 1024
"""At 50 MHz 20 us: block RAMs may not be ready in the first 10 us after configuration."""

_LIGHT_SECONDS = 0.05


class BoardTop(wiring.Component):
    """An accelerator on a board: clock, reset, serial bridge, and an LED for activity.

    The accelerator is an instance of the exported Verilog's top module.

    Parameters
    ----------
    board : Board
    design : LinkedDesign
    timing : BoardTiming
        Its clock is made by a PLL if the oscillator has another frequency.

    Members
    -------
    clk_in : In(1)
        The oscillator.
    rx, tx : In(1), Out(1)
        The serial line.
    led : Out(1)
        At the level that lights it for some time after a frame.
    """

    def __init__(self, *, board: Board, design: LinkedDesign, timing: BoardTiming):
        self.board = board
        self.design = design
        self.timing = timing
        super().__init__(
            {"clk_in": In(1), "rx": In(1, init=1), "tx": Out(1, init=1), "led": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        design = self.design
        m.domains.sync = sync = ClockDomain()
        m.submodules.startup = startup = StartupReset(cycles=_RESET_CYCLES)
        if self.timing.pll is None:
            m.d.comb += [sync.clk.eq(self.clk_in), startup.locked.eq(1)]
        else:
            m.submodules.pll = pll = make_pll(self.board, self.timing.pll)
            m.d.comb += [
                pll.clock_in.eq(self.clk_in),
                sync.clk.eq(pll.clock_out),
                startup.locked.eq(pll.locked),
            ]
        m.d.comb += [startup.clock.eq(sync.clk), sync.rst.eq(startup.reset)]

        m.submodules.bridge = bridge = SerialBridge(
            divisor=self.timing.divisor,
            digest=design.digest,
            input_bytes=design.input_bytes,
            input_beat_bytes=design.input_beat_bytes,
            output_beat_bytes=design.output_beat_bytes,
        )
        result = Signal(8 * design.output_beat_bytes)
        result_last = Signal()
        m.d.comb += [
            bridge.results.payload.data.eq(result),
            bridge.results.payload.last.eq(result_last),
        ]
        is_active_low = design.reset == RESETS["active-low"]
        m.submodules.accelerator = Instance(
            design.name,
            i_clk=sync.clk,
            **{f"i_{design.reset}": ~sync.rst if is_active_low else sync.rst},
            i_s_axis_tdata=bridge.frames.payload.data,
            i_s_axis_tvalid=bridge.frames.valid,
            o_s_axis_tready=bridge.frames.ready,
            i_s_axis_tlast=bridge.frames.payload.last,
            o_m_axis_tdata=result,
            o_m_axis_tvalid=bridge.results.valid,
            i_m_axis_tready=bridge.results.ready,
            o_m_axis_tlast=result_last,
            **{f"i_{name}": Const(0, width) for name, width in design.control_inputs.items()},
        )
        m.submodules.activity = activity = ActivityLight(
            cycles=round(_LIGHT_SECONDS * self.timing.clock_hz)
        )
        m.d.comb += [
            bridge.rx.eq(self.rx),
            self.tx.eq(bridge.tx),
            activity.active.eq(bridge.busy),
            self.led.eq(~activity.light if self.board.led_inverted else activity.light),
        ]
        return m
