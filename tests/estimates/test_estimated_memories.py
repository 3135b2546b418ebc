"""Memories become what is cheapest."""

import random
from math import ceil

import pytest

from nnhw.estimates.features import MemoryShape
from nnhw.estimates.memories import place_memory
from nnhw.families import FAMILIES, Resource, named_target
from nnhw.synth.family_synthesis import target_script
from nnhw.synth.usage import count_usage
from nnhw.synth.yosys import WRITE_STATISTICS, read_cells, run_yosys

ECP5 = FAMILIES["ecp5"].part("fabric").FABRIC


def shape(width, depth, *, writes=1, registered=True):
    return MemoryShape(width, depth, reads=1, writes=writes, registered=registered, style="")


@pytest.mark.parametrize(
    ("memory", "luts", "blocks"),
    [
        (shape(8, 8), 8, 0),
        (shape(10, 64), 48, 0),
        (shape(8, 192), 0, 1),
        (shape(8, 192, registered=False), 96, 0),
        (shape(32, 90, writes=0), 0, 1),
        (shape(72, 512), 0, 2),
        (shape(8, 20, writes=0), 0, 0),
    ],
)
def test_on_ecp5(memory, luts, blocks):
    use = place_memory(memory, ECP5)
    assert (use.luts, use.blocks) == (luts, blocks)


def test_what_is_left_is_logic():
    use = place_memory(shape(8, 20, writes=0), ECP5)
    assert (use.rom_bits, use.ram_bits, use.registers) == (160, 0, 8)
    gatemate = FAMILIES["gatemate"].part("fabric").FABRIC  # which has no memories of tables
    assert place_memory(shape(8, 8), gatemate).ram_bits == 64


def test_words_of_several_rows_of_cells_are_selected():
    use = place_memory(shape(10, 64), ECP5)
    assert (use.selected, use.registers) == (30, 10)


def test_rows_of_cells_share_the_last_ones():
    use = place_memory(shape(20, 3000, writes=0), ECP5)
    assert (use.blocks, use.selected) == (4, 40)
    xilinx7 = FAMILIES["xilinx7"].part("fabric").FABRIC
    assert float(place_memory(shape(128, 16576, writes=0), xilinx7).blocks) == 60.5


SHAPES = (
    *((8, 264, 1), (10, 64, 1), (40, 700, 1), (10, 5000, 1), (5, 4100, 1), (24, 260, 1)),
    *((45, 1672, 0), (20, 3000, 0), (128, 1100, 0), (17, 1500, 0), (9, 5000, 0), (8, 130, 0)),
)
"""Widths, depths and numbers of write ports."""


def verilog(width, depth, writes):
    bits = (depth - 1).bit_length()
    contents = "" if writes else 'initial $readmemh("contents.hex", words);'
    write = "if (write) words[there] <= word;" if writes else ""
    return f"""
module top(
  input clk, read, write, input [{bits - 1}:0] here, there,
  input [{width - 1}:0] word, output reg [{width - 1}:0] found
);
  reg [{width - 1}:0] words [0:{depth - 1}];
  {contents}
  always @(posedge clk) begin
    if (read) found <= words[here];
    {write}
  end
endmodule
"""


@pytest.mark.slow
@pytest.mark.parametrize(("width", "depth", "writes"), SHAPES)
@pytest.mark.parametrize(
    "device", ["ecp5-25k", "gatemate-a1", "gowin-gw2a18", "ice40up5k", "lifcl40", "xc7a100t"]
)
def test_as_yosys_does(device, width, depth, writes, tmp_path):
    pytest.importorskip("pyosys")
    target = named_target(device)
    contents = random.Random(width)
    words = "\n".join(f"{contents.getrandbits(width):x}" for _ in range(depth))
    (tmp_path / "contents.hex").write_text(words)
    (tmp_path / "top.v").write_text(verilog(width, depth, writes))
    run_yosys(
        ["read_verilog top.v", *target_script(target, "top", pins=False), WRITE_STATISTICS],
        log=tmp_path / "yosys.log",
        cwd=tmp_path,
    )
    found = {
        figures.resource: figures.used for figures in count_usage(read_cells(tmp_path), target)
    }
    use = place_memory(
        shape(width, depth, writes=writes), FAMILIES[target.family].part("fabric").FABRIC
    )
    assert ceil(use.blocks) == found[Resource.BLOCK_RAMS]
    assert use.luts == 4 * found.get(Resource.DISTRIBUTED_RAMS, 0)
