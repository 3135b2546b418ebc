"""Many accelerators side by side, as exported Verilog in one simulator.

To compile a simulator takes seconds, most of which do not depend on the size of the design. So the
designs of a batch are instances in one bench, each between a source and a sink of its own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from engine_simulation import EngineRun, frame_beats, output_frames
from run_verilator import verilator

from nnhw.export.verilog import generate_verilog
from nnhw.mapping import Program, predict_cycles

RESET_CYCLES = 4

STREAMS = """\
// A source that sends the beats of a file, a sink, and a log of what they transfer:
// "NAME i CYCLE DATA LAST" and "NAME o CYCLE DATA LAST", data in hexadecimal.
module streams #(
  parameter NAME = "", parameter FILE = "", parameter BEATS = 1,
  parameter IN_BITS = 8, parameter OUT_BITS = 8
) (
  input wire clk, input wire rst, input wire pauses,
  output wire [IN_BITS-1:0] s_tdata, output reg s_tvalid, input wire s_tready,
  input wire [OUT_BITS-1:0] m_tdata, input wire m_tvalid, output reg m_tready, input wire m_tlast
);
  reg [IN_BITS-1:0] beats [0:BEATS-1];
  initial $readmemh(FILE, beats);
  integer cycle = 0;
  integer sent = 0;
  wire taken = s_tvalid && s_tready;
  assign s_tdata = s_tvalid ? beats[sent] : {(IN_BITS + 31) / 32{$urandom}};
  always @(posedge clk) begin
    cycle <= cycle + 1;
    m_tready <= !pauses || $urandom[0];
    if (rst) s_tvalid <= 0;
    else begin
      s_tvalid <= sent + taken < BEATS
        && (s_tvalid && !s_tready || !pauses || $urandom[0]);
      sent <= sent + taken;
      if (taken) $display("%s i %0d %h 0", NAME, cycle, s_tdata);
      if (m_tvalid && m_tready) $display("%s o %0d %h %0d", NAME, cycle, m_tdata, m_tlast);
    end
  end
endmodule
"""

INSTANCE = """\
  wire [{in_bits}-1:0] {name}_s_tdata;
  wire [{out_bits}-1:0] {name}_m_tdata;
  wire {name}_s_tvalid, {name}_s_tready, {name}_m_tvalid, {name}_m_tready, {name}_m_tlast;
  streams #(
    .NAME("{name}"), .FILE("{name}.hex"), .BEATS({beats}),
    .IN_BITS({in_bits}), .OUT_BITS({out_bits})
  ) {name}_streams (
    .clk(clk), .rst(rst), .pauses(pauses),
    .s_tdata({name}_s_tdata), .s_tvalid({name}_s_tvalid), .s_tready({name}_s_tready),
    .m_tdata({name}_m_tdata), .m_tvalid({name}_m_tvalid), .m_tready({name}_m_tready),
    .m_tlast({name}_m_tlast)
  );
  {name} {name}_dut (
    .clk(clk), .rst(rst),
    .s_axis_tdata({name}_s_tdata), .s_axis_tvalid({name}_s_tvalid),
    .s_axis_tready({name}_s_tready), .s_axis_tlast(1'b0),
    .m_axis_tdata({name}_m_tdata), .m_axis_tvalid({name}_m_tvalid),
    .m_axis_tready({name}_m_tready), .m_axis_tlast({name}_m_tlast)
  );
"""

MAIN = """\
// Arguments: clock cycles, and 1 for pauses of sources and sinks.
#include "Vbench.h"
#include "verilated.h"
#include <cstdlib>

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vbench bench{&context};
    const long cycles = std::atol(argv[1]);
    bench.pauses = std::atol(argv[2]);
    for (long cycle = 0; cycle < cycles; ++cycle) {
        bench.rst = cycle < %d;
        bench.clk = 0;
        bench.eval();
        bench.clk = 1;
        bench.eval();
    }
    bench.final();
}
"""


class VerilogBatch:
    """Compiled accelerators and the frames that they are fed with.

    Parameters
    ----------
    programs
        What the accelerators are generated from; their names have to differ.
    frames
        int8 (N, H, W, C) for each program, by its name.
    folder
        Where all files go.
    """

    def __init__(
        self, programs: list[Program], frames: Mapping[str, np.ndarray], folder: Path
    ) -> None:
        self.programs = {program.name: program for program in programs}
        assert len(self.programs) == len(programs), "names differ"
        self.frames = frames
        self.folder = folder
        instances = []
        for name, program in self.programs.items():
            (folder / f"{name}.v").write_text(generate_verilog(program))
            beats = self._beats(name)
            (folder / f"{name}.hex").write_text("".join(f"{beat:x}\n" for beat in beats))
            instances.append(
                INSTANCE.format(
                    name=name,
                    beats=len(beats),
                    in_bits=8 * program.config.input_bytes,
                    out_bits=8 * program.config.output_bytes,
                )
            )
        bench = "module bench(input wire clk, input wire rst, input wire pauses);\n"
        (folder / "bench.v").write_text(STREAMS + bench + "".join(instances) + "endmodule\n")
        (folder / "main.cpp").write_text(MAIN % RESET_CYCLES)
        self._compile()

    def _compile(self) -> None:
        built = verilator(
            *("--cc", "--exe", "--build", "--top-module", "bench", "-Mdir", "objects"),
            # Values that a design leaves open are random, so that nothing can depend on them.
            *("--x-assign", "unique", "--x-initial", "unique"),
            *("-Wno-lint", "-Wno-style", "-Wno-WIDTH"),
            # The designs run for a moment only: what counts is how long the compiler takes.
            *("--output-split", "0", "-CFLAGS", "-O0", "-MAKEFLAGS", "OPT_FAST=-O0"),
            *("main.cpp", "bench.v", *(f"{name}.v" for name in self.programs)),
            folder=self.folder,
        )
        assert built.returncode == 0, built.stderr

    def run(self, *, pauses: bool = False, seed: int = 1) -> dict[str, EngineRun]:
        """Send all frames through all accelerators, one right behind the other.

        Parameters
        ----------
        pauses
            Whether sources and sinks pause at random.
        seed
            Of the pauses and of what registers and memories hold at first.
        """
        cycles = RESET_CYCLES + (4 if pauses else 1) * max(map(self._cycles, self.programs))
        arguments = [str(cycles), str(int(pauses))]
        arguments += [f"+verilator+seed+{seed}", "+verilator+rand+reset+2"]
        output = subprocess.run(
            [self.folder / "objects" / "Vbench", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        logs: dict[str, list[list[str]]] = {name: [] for name in self.programs}
        for line in output.splitlines():
            name, *event = line.split()
            logs[name].append(event)
        return {name: self._read(name, log) for name, log in logs.items()}

    def _cycles(self, name: str) -> int:
        """Clock cycles that all frames of a program are done in without pauses, and some more."""
        timing = predict_cycles(self.programs[name])
        return timing.latency_cycles + len(self.frames[name]) * timing.interval_cycles + 100

    def _beats(self, name: str) -> list[int]:
        """The beats of all frames of a program."""
        size = self.programs[name].config.input_bytes
        return [beat for frame in self.frames[name] for beat in frame_beats(frame, size)]

    def _read(self, name: str, log: list[list[str]]) -> EngineRun:
        """What the log of one accelerator says."""
        program = self.programs[name]
        count = len(self.frames[name])
        taken = [int(cycle) for kind, cycle, *_ in log if kind == "i"]
        assert len(taken) == len(self._beats(name)), f"{name} does not take all beats"
        received: list[list[int]] = [[]]
        first_out, last_out = [], []
        for kind, cycle, data, last in log:
            if kind == "o":
                if not received[-1]:
                    first_out.append(int(cycle))
                received[-1] += int(data, 16).to_bytes(program.config.output_bytes, "little")
                if last == "1":
                    last_out.append(int(cycle))
                    received.append([])
        assert not received.pop(), f"{name} sends beats after its last frame"
        assert len(received) == count, f"{name} sends {len(received)} of {count} frames"
        return EngineRun(
            frames=output_frames(program, received),
            first_in=taken[:: len(taken) // count],
            first_out=first_out,
            last_out=last_out,
        )
