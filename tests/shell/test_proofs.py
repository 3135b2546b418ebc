"""Rules of the register shell, and of the bus to memory, proved for all time: k-induction by
Yosys's SAT solver.

A checker around a component's exported Verilog states the rules as assertions, and what the other
side keeps to as assumptions; its inputs may do anything else.
"""

from __future__ import annotations

import re

import pytest
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from load_maps import LOAD_MAP, TWO_BANKS
from register_maps import small_map

from nnhw.errors import ToolError
from nnhw.export import component_verilog
from nnhw.hdl.beat import input_beat
from nnhw.hdl.frame_buffer import FrameBuffer
from nnhw.shell.apb import ApbFrontEnd
from nnhw.shell.axi_lite import AxiLiteFrontEnd
from nnhw.shell.dma.burst_splitter import BurstSplitter
from nnhw.shell.dma.memory_reader import MemoryReader
from nnhw.shell.dma.memory_writer import MemoryWriter
from nnhw.shell.frame_control import FrameControl
from nnhw.shell.frame_monitor import FrameMonitor
from nnhw.shell.frame_windows import FrameWindows
from nnhw.shell.load_control import LoadControl
from nnhw.shell.register_bank import RegisterBank
from nnhw.shell.wishbone import WishboneFrontEnd
from nnhw.synth import quote, run_yosys

pytest.importorskip("pyosys")

PAST = """\
  reg started = 0;
  always @(posedge clk) started <= 1;
"""

AXI_LITE = """\
  reg asked_write = 0, asked_read = 0;
  reg [1:0] addresses = 0, words = 0, reads = 0; // taken and not answered
  always @(posedge clk) begin
    asked_write <= !rst && bus_valid && bus_write;
    asked_read <= !rst && bus_valid && !bus_write;
    addresses <= rst ? 0 : addresses + (awvalid && awready) - (bvalid && bready);
    words <= rst ? 0 : words + (wvalid && wready) - (bvalid && bready);
    reads <= rst ? 0 : reads + (arvalid && arready) - (rvalid && rready);
    // no answer without a question, and none is lost
    assert(addresses == !awready + asked_write + bvalid);
    assert(words == !wready + asked_write + bvalid);
    assert(reads == !arready + asked_read + rvalid);
    assert(!(asked_write && asked_read));
    if (started && !$past(rst)) begin
      if ($past(bvalid && !bready)) assert(bvalid && $stable(bresp));
      if ($past(rvalid && !rready)) assert(rvalid && $stable(rresp) && $stable(rdata));
    end
    if (bvalid) assert(!bresp[0]);
    if (rvalid) assert(!rresp[0]);
  end
"""

WISHBONE = """\
  always @(posedge clk) if (started && !$past(rst)) begin
    assert(!(ack && err));
    assert((ack || err) == ($past(cyc && stb && !stall) && cyc));
    // one access to the registers for each answer, also of a strobe that is held until then
    assert(bus_valid == (cyc && stb && !stall));
    if (ack || err) assert(!bus_valid);
  end
"""

APB = """\
  always @(posedge clk) if (started) begin
    if (psel && penable) assert(pready); // no wait states
    if (pslverr) assert(psel && penable && pready);
    // one access to the registers for each transfer
    assert(bus_valid == (psel && !penable));
  end
"""

CONTROL = """\
  always @(posedge clk) if (started) begin
    // the engine keeps what it offers, unless it is reset
    if ($past(inside_out_valid && !inside_out_ready && !engine_reset && !rst))
      assume(inside_out_valid && $stable(inside_out_payload));
    if (!$past(rst)) begin
      // a beat that is offered stays as it is until it is taken
      if ($past(outside_out_valid && !outside_out_ready))
        assert(outside_out_valid && $stable(outside_out_payload) && $stable(closes));
      // no frame is closed that has not begun
      if (closes) assert(sending && outside_out_valid && outside_out_payload[8]);
      // the engine sees whole frames, or is reset
      if ($past(receiving) && !receiving)
        assert($past(inside_in_valid && inside_in_ready && inside_in_payload[8]) || discarding);
      if ($past(discarding) && !discarding)
        assert($past(outside_in_valid && outside_in_ready && outside_in_payload[8]));
    end
    assert(!(discarding && (receiving || inside_in_valid)));
    assert(!(aborting && inside_in_valid));
    assert(!engine_reset || !outside_out_valid);
    if (!enable && !receiving) assert(!inside_in_valid);
  end
"""

MONITOR = """\
  always @(posedge clk) if (started) begin
    assert(same);
    assert(error == error_seen && accepted == accepted_seen);
    if (error) assert(early == early_seen);
  end
"""

BANK = """\
  always @(posedge clk) if (started && !$past(rst)) begin
    // an event is never lost, whatever is written in its cycle
    if ($past(irq_status_error) && irq_enable_error) assert(irq);
    if ($past(irq_status_delivered) && irq_enable_delivered) assert(irq);
    if ($past(irq_status_aborted) && irq_enable_aborted) assert(irq);
    if (!$past(bus_valid && bus_write)) begin
      // reads change nothing, and an interrupt stays until it is cleared
      assert($stable(scratch_value) && $stable(control_enable) && $stable(irq_enable_error));
      assert(!$past(irq) || irq);
    end
    // bytes that are not strobed stay
    if (!$past(bus_strobe[2])) assert($stable(scratch_value[23:16]));
    // nothing between the blocks
    if ($past(bus_address) == 'h100 / 4 || $past(bus_address) == 'h800 / 4)
      assert(bus_read_data == 0 && bus_error == $past(bus_valid));
    if (control_abort) assert(bus_valid && bus_write);
  end
"""

LOAD = """\
  always @(posedge clk) if (started && !$past(rst)) begin
    // the engine is stopped by nothing but a reset while a frame is under way
    if ($past(running && busy && !engine_reset)) assert(running);
    // it starts and stops as its loader is told to
    if ($past(running) != running && !$past(engine_reset))
      assert($past(load[0]) && $past(load[10:1]) == 0 && $past(load[11]) == running);
    // while it runs, or is to run, nothing is loaded; each word is taken or refused
    if (running || run || busy) assert(!used && !description[0]);
    if (load[0] && load[10:7] != 0) assert(used);
    assert(!(used && refused) && (used || refused) == written);
  end
"""

LOAD_BANKS = """\
  reg told = 0;  // bank in which frames begin, as the engine knows it
  reg [1:0] settling = 0;
  wire tells = load[0] && load[10:1] == 0;
  always @(posedge clk) begin
    told <= rst ? 0 : tells ? load[13] : told;
    settling <= rst ? 0 : {settling, tells};
    assert(is_told == told && settles == settling);
  end
  always @(posedge clk) if (started && !$past(rst)) begin
    if ($past(running && busy && !engine_reset)) assert(running);
    if ($past(running) != running && !$past(engine_reset))
      assert($past(tells) && $past(load[12]) == running);
    // while it runs, nothing is loaded of the bank in which frames begin, nor of one in use
    if (used && (running || run || busy)) begin
      assert(running && run && free && settling == 0);
      if (load[0]) assert(load[11] != told);
    end
    // the engine knows the bank before a frame can begin in it
    if (running && run && !switching) assert(told == bank && settling == 0 && !tells);
    if (used && load[0]) assert(load[11] == address[30]);
    assert(can_load == (running && run && free && !switching));
    assert(!(used && refused) && (used || refused) == written);
    if (load[0] && !tells) assert(used);
  end
"""

WINDOWS = """\
  always @(posedge clk) if (started && !$past(rst)) begin
    // a beat that is offered stays as it is until it is taken, or given up
    if ($past(frames_in_valid && !frames_in_ready && !clear) && !clear)
      assert(frames_in_valid && $stable(frames_in_payload));
    // nothing but the beat that closes a frame leaves while all is given up
    if (clear && frames_in_valid) assert(frames_in_payload == 33'h1_0000_0000);
    // what finds room is taken, nothing is given up in silence, and an abort never waits
    assert(overflow == (write && room == 0));
    if (clear) assert(frames_out_ready && room == 0 && next_word == 0 && !next_last);
    if (clear && read) assert(underflow);
  end
"""

BURSTS = """\
  wire [15:0] address = bursts_payload[15:0];
  wire [4:0] beats = bursts_payload[20:16];
  // no transfer is empty
  always @* assume(transfers_payload[39:16] != 0);
  always @(posedge clk) if (started && !$past(rst)) begin
    if ($past(bursts_valid && !bursts_ready && !clear))
      assert(bursts_valid && $stable(bursts_payload));
    // of whole words, and no further than to a multiple of 64 bytes, so never across 4 KB
    if (bursts_valid) assert(beats != 0 && address[1:0] == 0 && address[5:2] + beats <= 16);
  end
"""

READER = """\
  always @(posedge clk) if (started && !$past(rst)) begin
    if ($past(arvalid && !arready)) assert(arvalid && $stable(araddr) && $stable(arlen));
    assert(rready);
    // nothing more is asked for, and nothing leaves
    if ($past(stop) && arvalid) assert($past(arvalid));
    if (stop) assert(!words_valid);
  end
"""

WRITER = """\
  always @(posedge clk) if (started && !$past(rst)) begin
    if ($past(awvalid && !awready)) assert(awvalid && $stable(awaddr) && $stable(awlen));
    if ($past(wvalid && !wready)) assert(wvalid && $stable(wlast) && $stable(wstrb));
    // the words of a burst follow each other, whatever the stream does, also if all stops
    if ($past(wvalid && wready && !wlast)) assert(wvalid);
    if (wvalid && !wlast) assert(wstrb == 15);
    assert(bready);
    if (stop) assert(words_ready);
    if ($past(stop) && awvalid) assert($past(awvalid));
  end
"""

PORT = re.compile(
    r"^  (input|output) +(?:wire|reg) +(\[\d+:0\])? *(\w+)(?: = [^,\n]+)?,?$", re.MULTILINE
)


def prove(component, rules: str, folder) -> None:
    """Prove the rules; raises a ToolError if one does not hold."""
    text = component_verilog(component, "dut")
    top = text[text.index("module dut (") : text.index(");", text.index("module dut ("))]
    ports = PORT.findall(top)
    declared = "".join(
        f"  {'(* anyseq *) reg' if direction == 'input' and name != 'clk' else 'wire'} "
        f"{width} {name};\n"
        for direction, width, name in ports
        if name != "clk"
    )
    instance = f"dut dut({', '.join(f'.{name}({name})' for _, _, name in ports)});"
    head = "`default_nettype none\nmodule rules(input wire clk);\n"
    text_of_rules = f"{head}{declared}  {instance}\n{PAST}{rules}endmodule\n"
    (folder / "dut.v").write_text(text)
    (folder / "rules.sv").write_text(text_of_rules)
    run_yosys(
        [
            f"read_verilog {quote(folder / 'dut.v')}",
            f"read_verilog -sv -formal {quote(folder / 'rules.sv')}",
            "prep -flatten -top rules",
            "memory_map",
            "async2sync",
            "chformal -lower",
            "opt -full",
            "sat -verify -tempinduct -prove-asserts -set-assumes -seq 2 -maxsteps 12 rules",
        ],
        log=folder / "proof.log",
    )


class BufferAndMonitor(wiring.Component):
    """A frame buffer, and a monitor of the beats that it takes; frames of 3 beats, or as loaded."""

    def __init__(self, *, loaded: bool = False):
        self.loaded = loaded
        names = ("error", "early", "accepted", "error_seen", "early_seen", "accepted_seen")
        beats = stream.Signature(input_beat(1, checked=True))
        names = ("same", *names)
        more = {"last_beat": In(2)} if loaded else {}
        super().__init__(
            {"beats": In(beats), "consumed": In(1), **dict.fromkeys(names, Out(1)), **more}
        )

    def elaborate(self, platform):
        m = Module()
        sizes = {"banks": 1, "width": 8, "frame_rows": 3, "frame_bytes": 3, "beat_bytes": 1}
        m.submodules.buffer = buffer = FrameBuffer(
            **sizes, buffers=2, read_delay=1, checked=True, loaded=self.loaded
        )
        m.submodules.monitor = monitor = FrameMonitor(beats=3, loaded=self.loaded)
        if self.loaded:
            m.d.comb += [
                buffer.last_beat.eq(self.last_beat),
                monitor.last_beat.eq(self.last_beat),
            ]
        available = Signal()
        m.d.sync += available.eq(buffer.available_next)
        is_last = Value.cast(1) if self.loaded else buffer.is_last == (buffer.beat == 2)
        connect(m, flipped(self.beats), buffer.beats)
        m.d.comb += [
            # no frame is given back that is not there
            buffer.consumed.eq(self.consumed & available),
            monitor.take.eq(buffer.beats.valid & buffer.beats.ready),
            monitor.last.eq(buffer.beats.payload.last),
            # what makes the rules inductive: both are at the same place
            self.same.eq(
                (buffer.beat == monitor.beat) & (buffer.discarding == monitor.discarding) & is_last
            ),
            self.error.eq(buffer.frame_error),
            self.early.eq(buffer.frame_early),
            self.accepted.eq(buffer.frame_accepted),
            self.error_seen.eq(monitor.frame_error),
            self.early_seen.eq(monitor.frame_early),
            self.accepted_seen.eq(monitor.frame_accepted),
        ]
        return m


class WatchedLoadControl(wiring.Component):
    """A load control of two banks, with what it remembers."""

    def __init__(self):
        self._inner = LoadControl(TWO_BANKS)
        more = {"is_told": Out(1), "settles": Out(len(self._inner.settling))}
        super().__init__({**self._inner.signature.members, **more})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = self._inner
        for name, member in inner.signature.members.items():
            own, its = getattr(self, name), getattr(inner, name)
            m.d.comb += its.eq(own) if member.flow is In else own.eq(its)
        m.d.comb += [self.is_told.eq(inner.told), self.settles.eq(inner.settling)]
        return m


CASES = {
    "axi-lite": (lambda: AxiLiteFrontEnd(address_bits=6), AXI_LITE),
    "wishbone": (lambda: WishboneFrontEnd(address_bits=6), WISHBONE),
    "apb": (lambda: ApbFrontEnd(address_bits=6), APB),
    "frame control": (
        lambda: FrameControl(input_bytes=1, output_bytes=1, reset_latency=2),
        CONTROL,
    ),
    "frame control of an engine behind queues": (
        lambda: FrameControl(input_bytes=1, output_bytes=1, reset_latency=None),
        CONTROL,
    ),
    "frame monitor": (BufferAndMonitor, MONITOR),
    "frame monitor, loaded": (lambda: BufferAndMonitor(loaded=True), MONITOR),
    "load control": (lambda: LoadControl(LOAD_MAP), LOAD),
    "load control, two banks": (WatchedLoadControl, LOAD_BANKS),
    "windows": (FrameWindows, WINDOWS),
    "bursts": (lambda: BurstSplitter(address_bits=16, word_bytes=4), BURSTS),
    "memory reader": (lambda: MemoryReader(address_bits=16, word_bytes=4), READER),
    "memory writer": (lambda: MemoryWriter(address_bits=16, word_bytes=4), WRITER),
    "bank": (lambda: RegisterBank(registers=small_map(), bus_errors=True), BANK),
}


@pytest.mark.parametrize("case", CASES)
def test_rules_hold(case, tmp_path):
    make, rules = CASES[case]
    prove(make(), rules, tmp_path)


@pytest.mark.parametrize(
    ("case", "right", "wrong"),
    [
        ("axi-lite", "rvalid && $stable(rresp)", "rvalid && !rready"),
        ("wishbone", "assert(!(ack && err))", "assert(!ack)"),
        ("apb", "assert(bus_valid ==", "assert(bus_write =="),
        ("frame control", "assume(inside_out_valid", "assume(1 || inside_out_valid"),
        ("frame monitor", "error == error_seen", "error == early_seen"),
        ("load control", "busy && !engine_reset", "!engine_reset"),
        ("load control, two banks", "free && settling == 0", "free && settling == 1"),
        ("load control, two banks", "told == bank &&", "told != bank &&"),
        ("windows", "frames_out_ready && room == 0", "!frames_out_ready"),
        ("bursts", "beats <= 16", "beats < 16"),
        ("memory reader", "$past(stop) && arvalid", "stop && arvalid"),
        ("memory writer", "wready && !wlast", "wready"),
        ("bank", "irq_status_error) && irq_enable_error", "irq_status_error)"),
    ],
)
def test_wrong_rules_are_refuted(case, right, wrong, tmp_path):
    make, rules = CASES[case]
    assert right in rules
    with pytest.raises(ToolError):
        prove(make(), rules.replace(right, wrong), tmp_path)
