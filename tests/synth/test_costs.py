"""Costs of optional hardware: pieces change what they say, and the cells are counted right."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from integer_graphs import IntegerBuilder

from nnhw.errors import ToolError
from nnhw.export import component_verilog
from nnhw.hdl import COMPONENTS, engine_component
from nnhw.isa import LOOPS, Operation
from nnhw.machine import Feature, Variant, feature_rows, features
from nnhw.mapping import EngineConfig, Program, map_graph
from nnhw.pipeline import build
from nnhw.synth import Cells, measure_costs
from nnhw.synth.costs import cells, count_cells, measure


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def versatile() -> Program:
    """A program with every optional piece but narrow weights."""
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=8)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    y = builder.function(builder.conv(x, 5, kernel=(3, 3), pads=(1, 1, 1, 1), dilation=(1, 2)))
    x = builder.concat(builder.multiply(y, builder.add(y, y)), x)
    x = builder.max_pool(x, kernel=(2, 2), stride=(2, 1))
    x = builder.conv(x, 3)
    x = builder.add(builder.conv(x, 3), x)
    x = builder.conv(x, 2)
    x = builder.depthwise(x, kernel=(3, 3), stride=(1, 2), pads=(1, 0, 1, 1))
    x = builder.dense(builder.dense(x, 9), 7)
    config = EngineConfig(rows=2, cols=6, lanes=2, lane_groups=2, input_bytes=1, output_bytes=2)
    return map_graph(builder.graph(x), config)


def plain() -> Program:
    """A program of one layer, with next to nothing optional."""
    builder = IntegerBuilder((1, 1, 4), seed=1)
    config = EngineConfig(rows=4, cols=3, lanes=1, input_bytes=4, output_bytes=1, frame_buffers=1)
    return map_graph(builder.graph(builder.dense("x", 3)), config)


def whole(program: Program) -> Variant:
    """A program's machine as it is, with two layers at least."""
    variant = Variant(machine=program.machine, image=program.image)
    if variant.machine.limits.layers > 1:
        return variant
    instructions = variant.image.instructions
    return variant.with_instructions({kind: some * 2 for kind, some in instructions.items()})


def texts(variant: Variant) -> dict[str, str]:
    """Verilog of all components but the weights, by name; "" for those that are not there."""
    parts = {
        name: engine_component(variant.machine, variant.image, name)
        for name in COMPONENTS
        if name != "weights"
    }
    return {name: component_verilog(part, name) if part else "" for name, part in parts.items()}


def removals(variant: Variant) -> list[tuple[Feature, Variant]]:
    """The features that can be taken away one after the other, and what is left after each."""
    return walk(variant, features(), Feature.taken_from)


def additions(variant: Variant) -> list[tuple[Feature, Variant]]:
    """The features that can be added one after the other, and what there is after each."""
    return walk(variant, features()[::-1], Feature.added_to)


def walk(variant, features, change) -> list[tuple[Feature, Variant]]:
    steps = []
    for feature in features:
        changed = change(feature, variant)
        if changed is not None:
            variant = changed
            steps.append((feature, variant))
    return steps


def test_a_versatile_program_has_all_features_and_loses_them():
    steps = removals(whole(versatile()).with_config(frame_check=True, programmable=True))
    kept = {"8-bit weights", "32-bit accumulators"}
    kept |= {"read rotator, single bytes", "write rotator, single bytes"}
    kept |= {"minima of tensors", "maxima of tensors"}  # its tensors are added and multiplied
    kept |= {"joined columns", "joined lanes"}  # its weights are whole
    assert [f for f, _ in steps] == [f for f in features() if f.name not in kept]
    left = steps[-1][1]
    assert removals(left) == []
    assert not any(f.is_part_of(left.machine) for f, _ in steps)
    limits, datapath, config = left.machine.limits, left.machine.datapath, left.machine.config
    assert limits.operations == {Operation.DOT}
    assert (limits.lane_slots, limits.residual_depth, limits.padded) == (1, 0, False)
    assert limits.read_granularity == limits.write_granularity == config.banks
    assert (config.lane_groups, config.frame_buffers) == (1, 1)
    assert (datapath.tables, len(datapath.shifts), datapath.widths.multiplier) == (0, 1, 0)
    assert limits.layouts.keys() == {"fetch", "drain", "write-back"}
    unused = {
        "fetch": (*LOOPS, "warmup", "overlaps", "last_run_short", "tap_x_pitch", "chase", "fence"),
        "drain": ("combination", "rolls", "row_pixels", "later_words", "last_words"),
        "write-back": ("rolls", "roll_pitch", "pixel_gap", "row_gap", "table", "residual_only"),
    }
    for kind, names in unused.items():
        assert [name for name in names if limits.asks(kind, name)] == [], kind


def test_what_cannot_be_done_without_stays():
    wide = whole(plain()).with_widths(weight=8, accumulator=32)
    names = {feature.name for feature, _ in removals(wide)}
    assert not names & {"8-bit weights", "32-bit accumulators"}


def test_a_plain_program_gets_what_it_lacks():
    steps = additions(whole(plain()))
    names = {feature.name for feature, _ in steps}
    assert {"padding mask", "lane sums", "lane maximum", "pairs of operands"} <= names
    assert {"look-up tables", "products of tensors", "rolling strips", "fence", "chase"} <= names
    assert {"residual stage", "overlapping strips", "columns by parity", "loop taps_x"} <= names
    assert "requantizer multipliers" not in names
    assert additions(steps[-1][1]) == []
    assert all(feature.is_part_of(steps[-1][1].machine) for feature, _ in steps)
    assert not {feature.name for feature, _ in additions(whole(versatile()))} & {
        "padding mask", "lane sums", "look-up tables", "fence", "second frame buffer"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("program", "steps"),
    [
        pytest.param(versatile, removals, id="removals", marks=pytest.mark.slow),
        pytest.param(plain, additions, id="additions", marks=pytest.mark.slow),
    ],
)
def test_a_feature_changes_no_components_but_its_own(program, steps):
    before = whole(program())
    known = texts(before)
    for feature, changed in steps(before):
        now = texts(changed)
        different = {name for name in now if now[name] != known[name]}
        assert different, feature.name
        assert different <= set(feature.components), feature.name
        known = now


VERILOG = """
module top (input clk, input [7:0] a, b, output reg [7:0] y, output [31:0] z, output [3:0] q);
  always @(posedge clk) y <= a + b;
  lower first (clk, a, b, z[15:0]);
  lower second (clk, b, a, z[31:16]);
  reg [3:0] words [0:99];
  reg [3:0] data;
  initial begin : fill_100_rows
    integer row;
    for (row = 0; row < 100; row = row + 1) begin
      words[row] = 4'd0;
    end
  end
  always @(posedge clk) begin
    if (a[7]) words[a] <= b[3:0];
    data <= words[b];
  end
  assign q = data;
endmodule
module lower (input clk, input signed [7:0] a, b, output reg signed [15:0] z);
  always @(posedge clk) z <= a * b;
endmodule
"""


def test_cells_are_what_the_verilog_has():
    pytest.importorskip("pyosys")
    found = count_cells([("top", VERILOG)])[("top", VERILOG)]
    # the data register belongs to the memory
    assert (found.flip_flops, found.memory_bits, found.multipliers) == (8 + 2 * 16, 400, 2)
    assert 8 <= found.luts <= 12  # a bit of the adder each, and the address in range


def test_the_same_verilog_is_synthesized_once(monkeypatch, cache):
    pytest.importorskip("pyosys")
    first = count_cells([("top", VERILOG), ("top", VERILOG)])
    monkeypatch.setattr(cells, "run_yosys", None)
    progress = []
    assert count_cells([("top", VERILOG)], progress=progress.append) == first
    assert progress == [1.0]
    (file,) = cache.rglob("*.json")
    file.write_text("{")  # damaged, so that Yosys has to run
    with pytest.raises(TypeError):
        count_cells([("top", VERILOG)])


def test_what_no_fpga_has_is_not_passed_over():
    statistics = {"design": {"num_cells_by_type": {"$_DLATCH_P_": 1}, "num_memory_bits": 0}}
    with pytest.raises(ToolError, match="_DLATCH_P_"):
        cells._cells(statistics)


def test_cells_add_up():
    one = Cells(flip_flops=3, luts=1, multipliers=2)
    assert one * 2 + one - one == Cells(flip_flops=6, luts=2, multipliers=4)


def test_costs_of_a_small_engine(monkeypatch):
    pytest.importorskip("pyosys")
    few = ("second frame buffer", "requantizer multipliers", "32-bit accumulators", "padding mask")
    few += ("pairs of operands", "products of tensors", "look-up tables")
    chosen = tuple(feature for feature in features() if feature.name in few)
    monkeypatch.setattr(measure, "features", lambda: chosen)
    program = plain()
    config = replace(program.config, frame_buffers=2)
    program = replace(program, config=config, widths=replace(program.widths, accumulator=30))
    costs = measure_costs(program)
    monkeypatch.setattr(measure, "count_cells", None)  # the second time there is nothing to do
    assert measure_costs(replace(program)) == costs
    kept = {piece.name: piece.cells for piece in costs.pieces if piece.kept}
    left_out = {piece.name: piece.cells for piece in costs.pieces if not piece.kept}
    # of four banks, each of two rows at least
    assert kept["second frame buffer"].memory_bits == 4 * 2 * 8
    assert kept["requantizer multipliers"].multipliers == 1
    # two bits more: three columns, each with its shadow, and some registers behind them
    assert 2 * 2 * 3 <= left_out["32-bit accumulators"].flip_flops <= 4 * 2 * 3
    assert left_out["products of tensors"].multipliers == 1
    assert left_out["look-up tables"].memory_bits == 256 * 8
    assert left_out["padding mask"].luts > 0
    rest = costs.whole - costs.total(kept=True)
    assert min(rest.flip_flops, rest.luts, rest.memory_bits, rest.multipliers) >= 0
    # twelve of the array, and that of the requantizer
    assert costs.whole.multipliers == 13


def test_a_build_without_yosys_does_not_begin(monkeypatch, tmp_path):
    monkeypatch.setattr("nnhw.synth.yosys.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"nnhw\[synth\]"):
        build("examples/digits_mlp.onnx", data="examples/digits.npz", out=tmp_path, costs=True)
    assert not list(tmp_path.iterdir())


def test_the_documentation_has_the_features():
    text = (Path(__file__).parents[2] / "docs" / "optional_hardware.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)
    assert rows[1:] == feature_rows()  # the first one has the names of the columns
