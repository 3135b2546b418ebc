"""Exported Verilog that is sent damaged frames in between: what comes out, and what is reported."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damaged_frames import DAMAGES, DamagedStream
from engine_simulation import frame_beats, output_frames
from run_verilator import verilator

from nnhw import golden
from nnhw.export import generate_verilog
from nnhw.ir import load_graph
from nnhw.mapping import EngineConfig, Program, choose_engine, map_graph, predict_cycles
from nnhw.options import BuildOptions
from nnhw.placement import place
from nnhw.shell import ShellConfig

DESIGNS = Path(__file__).parents[1] / "designs"
FAULTS = 100

BENCH = """\
// A source that sends the beats of a file, each some cycles after the one before, a sink that
// pauses at random, and a log: "i CYCLE 0 0 0" and "o CYCLE DATA LAST TAG" of what is transferred,
// "f CYCLE 0 0 0" of cycles with frame_error. A beat's tag is its number.
module bench(input wire clk, input wire rst);
  reg [16+{in_bits}:0] beats [0:{beats}-1]; // cycles to wait, tlast, data
  initial $readmemh("beats.hex", beats);
  integer cycle = 0;
  integer sent = 0;
  reg [15:0] waited = 0;
  reg ready = 0;
  wire [16+{in_bits}:0] beat = beats[sent < {beats} ? sent : 0];
  wire offers = sent < {beats} && waited == beat[1+{in_bits} +: 16];
  wire taken, given, last, frame_error;
  wire [{out_bits}-1:0] data;
  wire [{tag_bits}-1:0] tag{tag_value};
  {top} dut (
    .clk(clk), .rst(rst),
    .s_axis_tdata(offers ? beat[{in_bits}-1:0] : {{{in_bits}{{1'b1}}}}), .s_axis_tvalid(offers),
    .s_axis_tready(taken), .s_axis_tlast(offers ? beat[{in_bits}] : cycle[0]),
    .m_axis_tdata(data), .m_axis_tvalid(given), .m_axis_tready(ready), .m_axis_tlast(last),
    .frame_error(frame_error){tag_ports}
  );
  always @(posedge clk) if (!rst) begin
    cycle <= cycle + 1;
    ready <= $urandom_range(3) != 0;
    if (offers && taken) begin
      sent <= sent + 1;
      waited <= 0;
      $display("i %0d 0 0 0", cycle);
    end else if (!offers) waited <= waited + 1;
    if (frame_error) $display("f %0d 0 0 0", cycle);
    if (given && ready) $display("o %0d %h %0d %0d", cycle, data, last, tag);
  end
endmodule
"""

TAG_PORTS = """,
    .s_axis_tuser(sent[{high}:0]), .m_axis_tuser(tag)"""

MAIN = """\
// Argument: clock cycles.
#include "Vbench.h"
#include "verilated.h"
#include <cstdlib>

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vbench bench{&context};
    const long cycles = std::atol(argv[1]);
    for (long cycle = 0; cycle < cycles; ++cycle) {
        bench.rst = cycle < 4;
        bench.clk = 0;
        bench.eval();
        bench.clk = 1;
        bench.eval();
    }
    bench.final();
}
"""


def run(
    program: Program,
    beats: list[tuple[int, bool]],
    waits: list[int],
    cycles: int,
    folder: Path,
    *,
    shell: ShellConfig,
) -> Iterator[list[str]]:
    """The events of a simulation, in which each beat is offered so many cycles after the last."""
    config = program.config
    bits = 8 * config.input_bytes
    words = (
        wait << (bits + 1) | last << bits | payload
        for wait, (payload, last) in zip(waits, beats, strict=True)
    )
    (folder / "beats.hex").write_text("".join(f"{word:x}\n" for word in words))
    (folder / "design.v").write_text(generate_verilog(program, shell=shell))
    (folder / "bench.v").write_text(
        BENCH.format(
            top=program.name,
            in_bits=bits,
            out_bits=8 * config.output_bytes,
            beats=len(beats),
            tag_bits=max(1, shell.tag_bits),
            tag_value="" if shell.tag_bits else " = 0",
            tag_ports=TAG_PORTS.format(high=shell.tag_bits - 1) if shell.tag_bits else "",
        )
    )
    (folder / "main.cpp").write_text(MAIN)
    built = verilator(
        *("--cc", "--exe", "--build", "--top-module", "bench", "-Mdir", "objects"),
        *("--x-assign", "unique", "--x-initial", "unique"),
        *("-Wno-lint", "-Wno-style", "-Wno-WIDTH", "--output-split", "0"),
        *("-MAKEFLAGS", "OPT_FAST=-O1"),
        *("main.cpp", "bench.v", "design.v"),
        folder=folder,
    )
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [
            folder / "objects" / "Vbench",
            str(cycles),
            "+verilator+seed+1",
            "+verilator+rand+reset+2",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return (line.split() for line in done.stdout.splitlines())


@pytest.mark.parametrize("asked", [False, True])
def test_option_adds_the_port_and_no_cycle(asked):
    graph = load_graph(DESIGNS / "digits_mlp.npz")
    placement = place(graph, BuildOptions(macs=4, frame_check=asked))
    assert placement.engine == replace(choose_engine(graph, macs=4), frame_check=asked)
    assert ("frame_error" in generate_verilog(placement.program)) == asked
    other = place(graph, BuildOptions(macs=4)).cycles
    assert (placement.cycles.latency_cycles, placement.cycles.interval_cycles) == (
        other.latency_cycles,
        other.interval_cycles,
    )


@pytest.mark.parametrize(
    ("config", "shell"),
    [
        (
            EngineConfig(rows=4, cols=4, lanes=2, lane_groups=2, input_bytes=1, frame_check=True),
            ShellConfig(),
        ),
        (
            EngineConfig(rows=8, cols=8, lanes=4, frame_buffers=1, input_bytes=8, frame_check=True),
            ShellConfig(),
        ),
        (EngineConfig(rows=8, cols=8, lanes=4, frame_check=True), ShellConfig(tag_bits=20)),
    ],
    ids=["bytes", "words", "tags"],
)
def test_damaged_frames(config, shell, tmp_path):
    """Of digits_cnn: at 100 random moments a frame is damaged; all others come out as ever.

    With tags, each has that of its own first beat.
    """
    rng = np.random.default_rng(config.input_bytes)
    graph = load_graph(DESIGNS / "digits_cnn.npz")
    program = map_graph(graph, config)
    timing = predict_cycles(program)
    shape = graph.tensors[graph.inputs[0].tensor].shape
    frames = rng.integers(-128, 128, (2 * FAULTS, *shape)).astype(np.int8)
    payloads = [frame_beats(frame, config.input_bytes) for frame in frames]
    stream = DamagedStream(rng, len(payloads[0]))
    waits: list[int] = []
    begins: list[int] = []
    faults = 0
    for number, beats in enumerate(payloads):
        if number % 2:
            stream.add_damaged(DAMAGES[faults % len(DAMAGES)], payloads[number - 1])
            faults += 1
        begins.append(len(stream.beats))
        stream.add(number, beats)
        new = len(stream.beats) - len(waits)
        waits += (rng.integers(0, 4, new) * (rng.random() < 0.5)).tolist()
        waits[-new] += int(rng.integers(2 * timing.interval_cycles)) * (rng.random() < 0.5)
    assert faults == FAULTS

    cycles = sum(waits) + 4 * len(frames) * timing.interval_cycles + 2 * timing.latency_cycles
    taken: list[int] = []
    errors: list[int] = []
    received: list[list[int]] = [[]]
    tags: list[int] = []
    for kind, cycle, data, last, tag in run(
        program, stream.beats, waits, cycles, tmp_path, shell=shell
    ):
        if kind == "i":
            taken.append(int(cycle))
        elif kind == "f":
            errors.append(int(cycle))
        else:
            received[-1] += int(data, 16).to_bytes(config.output_bytes, "little")
            if last == "1":
                received.append([])
                tags.append(int(tag))
    assert not received.pop()
    assert len(taken) == len(stream.beats)
    assert errors == [taken[beat] + 1 for beat in stream.errors]
    assert len(errors) == FAULTS
    if shell.tag_bits:
        assert tags == [begins[number] for number in stream.good]
    expected = golden.run(graph, frames[stream.good])[graph.outputs[0].tensor]
    assert len(received) == len(stream.good) == 2 * FAULTS - FAULTS // len(DAMAGES)
    assert (output_frames(program, received) == expected.reshape(len(received), -1)).all()
