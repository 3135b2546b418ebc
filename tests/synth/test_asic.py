"""Synthesis for silicon: macros, netlists, timing, options and messages."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from osu018 import PROCESS, library, needs_library, needs_opensta
from tiny_design import write_design

import nnhw.synth.asic.flow
from nnhw.design import read_design
from nnhw.errors import OptionError, ToolError
from nnhw.pipeline import build
from nnhw.synth import SynthesisOptions, load_results, run_synthesis
from nnhw.synth.asic import macros, synthesis, timing
from nnhw.synth.asic.netlist import read_netlist

MEMORIES = """
module tiny (
    input clk, input rst, input [19:0] in, input enable, output reg [7:0] sum, output reg [7:0] word
);
  reg [7:0] big [0:63];
  reg [7:0] little [0:15];
  reg [7:0] constant [0:69];
  reg [7:0] big_word, little_word, constant_word;
  integer i;
  initial for (i = 0; i < 70; i = i + 1) constant[i] = (i * 37) >> 3;
  always @(posedge clk) begin
    if (enable) big[in[5:0]] <= in[19:12];
    big_word <= big[in[11:6]];
    if (enable) little[in[3:0]] <= in[19:12];
    if (in[0]) little_word <= little[in[9:6]];
    if (in[1]) constant_word <= constant[in[12:6]];
    word <= little_word ^ constant_word;
    sum <= rst ? 8'd0 : big_word + constant_word;
  end
endmodule
"""
"""A RAM and a ROM that are large enough for macros, and a RAM that is not."""

BENCH = """
`timescale 1ns / 1ps
module bench;
  reg clk = 0, rst = 1, enable = 1;
  reg [19:0] in = 0;
  wire [7:0] sum_a, sum_b, word_a, word_b;
  always #5 clk = ~clk;
  source source (clk, rst, in, enable, sum_a, word_a);
  tiny netlist (
    .clk(clk), .rst(rst), .in(in), .enable(enable), .sum(sum_b), .word(word_b)
  );
  integer cycle, differences = 0;
  initial begin
    for (cycle = 0; cycle < 3000; cycle = cycle + 1) begin
      @(negedge clk);
      if (cycle > 200 && {sum_a, word_a} !== {sum_b, word_b}) differences = differences + 1;
      rst = cycle < 4;
      in = $random;
      if (cycle < 150) in[5:0] = cycle;
      if (in[12:6] > 69) in[12] = 0;
      if (in[5:0] == in[11:6]) in[6] = ~in[6];
      enable = cycle < 150 | $random;
    end
    $display("differences: %0d", differences);
    $finish;
  end
endmodule
"""
"""All words are written first, and none is read in the cycle that it is written in."""


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """The design above in cells: its folder, its memories, and that of the netlist."""
    pytest.importorskip("pyosys")
    folder = tmp_path_factory.mktemp("asic")
    design = read_design(write_design(folder / "tiny", MEMORIES))
    elaborated, synthesized = folder / "elaborated", folder / "synthesis"
    elaborated.mkdir()
    synthesized.mkdir()
    synthesis.elaborate(design, out=elaborated, log=folder / "elaboration.log")
    memories = synthesis.read_memories(elaborated, design.top)
    synthesis.map_to_cells(
        PROCESS,
        design.top,
        memories,
        PROCESS.liberty,
        elaborated=elaborated,
        out=synthesized,
        log=folder / "synthesis.log",
    )
    return design, memories, synthesized


@needs_library
def test_large_memories_become_macros(mapped):
    _, memories, synthesized = mapped
    modules = {memory.name: memory.module for memory in memories}
    assert modules == {"\\constant": "nnhw_rom_70x8_0", "\\big": "nnhw_sram_64x8"}
    cells = synthesis.read_cells(synthesized)
    assert cells["nnhw_rom_70x8_0"] == cells["nnhw_sram_64x8"] == 1
    # the words of the small memory, and registers of a byte each
    assert cells["DFFPOSX1"] == 16 * 8 + 3 * 8
    contents = (synthesized / "nnhw_rom_70x8_0.hex").read_text().split()
    assert [int(word, 16) for word in contents] == [(i * 37 >> 3) % 256 for i in range(70)]


@needs_library
def test_netlist_behaves_like_its_source(mapped, tmp_path):
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not there")
    design, _, synthesized = mapped
    used = [cell for cell in synthesis.read_cells(synthesized) if not cell.startswith("nnhw_")]
    synthesis.write_cell_functions(
        used, synthesized=synthesized, out=tmp_path, log=tmp_path / "cells.log"
    )
    source, bench = tmp_path / "source.v", tmp_path / "bench.v"
    source.write_text(design.sources[0].read_text().replace("module tiny", "module source"))
    bench.write_text(BENCH)
    verilog = [synthesis.NETLIST_VERILOG, macros.VERILOG]
    files = [bench, source, tmp_path / "cells.v", *(synthesized / name for name in verilog)]
    program = tmp_path / "bench.vvp"
    subprocess.run(["iverilog", "-g2012", "-o", program, *files], check=True)
    output = subprocess.run(
        ["vvp", program], cwd=synthesized, check=True, capture_output=True, text=True
    ).stdout
    assert output.split()[-2:] == ["differences:", "0"]


@needs_library
@needs_opensta
def test_timing(mapped, tmp_path):
    design, _, synthesized = mapped
    netlist = read_netlist(synthesized / synthesis.NETLIST_JSON, design.top)
    found = []
    for goal in (50.0, 400.0):
        out = synthesized.with_name(f"timing_{goal:g}")
        out.mkdir()
        script = timing.timing_script(design.top, design.clock, goal, PROCESS.driver)
        timing.analyse(script, netlist, library(), out=out, log=tmp_path / "timing.log")
        found.append(timing.read_timing(out, netlist, library(), goal))
    slow, fast = found
    assert slow.fmax_mhz == pytest.approx(fast.fmax_mhz, rel=1e-3)
    assert slow.path == fast.path
    # the assumed access time of a macro is what limits the clock
    assert slow.path.signals[0] in ("constant", "big")
    assert slow.path.signals[-1] == "sum"
    assert 2 < slow.path.logic_ns < 5
    assert slow.fmax_mhz < 1000 / slow.path.logic_ns
    assert {net for net, slew in slow.slews.items() if not 0 < slew < 2} == {"clk"}


@pytest.mark.slow
@needs_library
@needs_opensta
def test_whole_design(tmp_path):
    """A network in cells, bit for bit; its energy comes from its activity, and twice the same."""
    pytest.importorskip("pyosys")
    examples = Path(__file__).parents[2] / "examples"
    design = tmp_path / "digits_mlp"
    build(
        examples / "digits_mlp.onnx",
        data=examples / "digits.npz",
        out=design,
        macs=1,
        vectors=2,
        sim=False,
    )
    options = SynthesisOptions(target="asic-osu018", simulate=True)
    result = run_synthesis(design, options)
    assert result.succeeded
    assert result.simulation.frames == 2
    power, speed = result.power, result.speed
    assert power.cycles == read_design(design).interval_cycles
    assert power.inference_nj == pytest.approx(
        power.internal_nj + power.switching_nj + power.clock_nj, abs=1e-3
    )
    # Every flip-flop has its clock's edges in each cycle, and few nets change in all of them.
    assert 0 < power.switching_nj < power.clock_nj < power.internal_nj
    assert power.dynamic_mw_at_goal == pytest.approx(
        power.inference_nj / power.cycles * speed.goal_mhz, rel=1e-3
    )
    assert result.area.gate_equivalents * 24e-6 == pytest.approx(result.area.square_mm, rel=1e-2)
    assert sum(use.bits for use in result.memories) > 8 * 4928
    assert load_results(design) == (result,)
    shutil.rmtree(design / "syn")
    assert run_synthesis(design, options) == result


def test_missing_library_names_its_package(tmp_path, monkeypatch):
    process = replace(PROCESS, liberty=Path("/nowhere/cells.lib"))
    monkeypatch.setattr(nnhw.synth.asic.flow, "PROCESSES", {PROCESS.name: process})
    design = write_design(tmp_path / "tiny")
    with pytest.raises(ToolError, match=r"apt-get install qflow-tech-osu018; or .* --liberty"):
        run_synthesis(design, SynthesisOptions(target="asic-osu018"))


def test_missing_opensta_names_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    design = write_design(tmp_path / "tiny")
    (tmp_path / "cells.lib").touch()
    options = SynthesisOptions(target="asic-osu018", liberty=tmp_path / "cells.lib")
    with pytest.raises(ToolError, match="apt-get install opensta"):
        run_synthesis(design, options)


def test_options_that_do_not_apply(tmp_path):
    design = write_design(tmp_path / "tiny")
    options = SynthesisOptions(target="asic-osu018", place=True, seeds=2, jobs=2, speed_grade="6")
    with pytest.raises(OptionError, match="--pnr, --seeds, --jobs, --speed-grade: there is no"):
        run_synthesis(design, options)
    with pytest.raises(OptionError, match="--liberty: '/nowhere' is not a file"):
        run_synthesis(design, SynthesisOptions(target="asic-osu018", liberty=Path("/nowhere")))
    with pytest.raises(OptionError, match="--liberty goes with silicon"):
        run_synthesis(design, SynthesisOptions(target="ecp5-25k", liberty=Path("/nowhere")))
    other = write_design(tmp_path / "other", target="ecp5")
    with pytest.raises(OptionError, match=r"cells of ecp5.*again without --technology"):
        run_synthesis(other, SynthesisOptions(target="asic-osu018"))
    with pytest.raises(OptionError, match=r"unknown; there are .*asic-osu018"):
        run_synthesis(design, SynthesisOptions(target="asic-osu180"))
