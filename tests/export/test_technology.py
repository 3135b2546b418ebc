"""Technologies of devices: all equal to the portable one, and the models of cells to Yosys's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest
from amaranth.hdl import signed, unsigned
from primitives import AllSharedProducts, Arrays, Primitives, SideBySide
from run_verilator import verilator
from verilog_simulation import compare_verilog

from nnhw.export import component_verilog
from nnhw.export.verilog.hierarchy import elaborate
from nnhw.families import FAMILIES
from nnhw.families.ecp5.technology import Ecp5
from nnhw.hdl.technology import PORTABLE, Technology
from nnhw.isa import Operation
from nnhw.synth import require_yosys, run_yosys

DEVICES = ["ecp5", "ice40", "gowin", "xilinx7"]
"""Those whose cells can stand in one Verilog; others have some of the same names."""

ALL_DEVICES = [*DEVICES, "nexus"]

#: How many cells of each kind there are in the parts of `everything`.
CELLS = {
    "ecp5": {"MULT18X18D": 24, "DP16KD": 51, "FD1S3AX": 113, "CCU2C": 289},
    "ice40": {"SB_MAC16": 8, "SB_RAM40_4K": 160},
    "gowin": {"MULT9X9": 12, "MULT18X18": 12},
    # of 5 columns two pairs, of two groups of two slots two, of 3 columns one; of 3 rows each
    "xilinx7": {"DSP48E1": 3 * (2 + 2 + 1 + 2)},
    "nexus": {"MULT9X9": 12, "MULT18X18": 12, "PDPSC16K": 49},
}


def everything(devices: Iterable[str] = DEVICES, *, portable: bool = False) -> SideBySide:
    """What technologies implement, by their names; or the same, all portable."""

    def name(device: str) -> str:
        return "portable" if portable else device

    parts = {
        "ecp5": lambda: Primitives(name("ecp5")),
        "ice40": lambda: Primitives(name("ice40")),
        "gowin": lambda: Primitives(name("gowin"), roms=(), rams=()),
        "xilinx7": lambda: Arrays(name("xilinx7")),
        "nexus": lambda: Primitives(name("nexus")),
    }
    return SideBySide({device: parts[device]() for device in devices})


def model(name: str) -> Path:
    """The model of a device's cells."""
    return FAMILIES[name].cell_models


def compare(devices: Iterable[str], folder: Path, cells: Iterable[Path]) -> None:
    """Simulate technologies, with the given models of cells, beside the portable one."""
    devices = list(devices)
    text = component_verilog(everything(devices), "dut_top")
    ports = everything(devices, portable=True)
    reference = component_verilog(ports, "reference_top")
    compare_verilog(ports, text, reference, folder, cycles=3000, cells=cells)


def test_every_family_with_cells_is_compared():
    assert sorted(ALL_DEVICES) == sorted(name for name in FAMILIES if FAMILIES[name].cell_models)


@pytest.mark.parametrize("device", ALL_DEVICES)
def test_all_cells_are_in_use(device):
    assert elaborate(everything([device]), "top").foreign_modules() == CELLS[device]
    assert not elaborate(everything([device], portable=True), "top").foreign_modules()


def test_all_sums_of_carry_chains_are_connected():
    """Of an odd number of bits, too: tools warn of outputs that nothing is connected to."""
    text = component_verilog(everything(["ecp5"]), "top")
    cells = re.findall(r"^ *CCU2C .*?;", text, re.M | re.S)
    assert cells
    assert all(re.search(r"\.S0\(\w.*\.S1\(\w", cell, re.S) for cell in cells)


def test_no_more_multipliers_than_the_largest_ecp5_has():
    factors = [(signed(8), signed(8), 1)] * 160
    design = Primitives("ecp5", factors=factors, sums=(), gated=(), roms=(), rams=())
    assert elaborate(design, "top").foreign_modules()["MULT18X18D"] == 156


@pytest.mark.parametrize("devices", [DEVICES, ["nexus"]], ids=lambda devices: devices[0])
def test_technologies_equal_the_portable_one(tmp_path, devices):
    compare(devices, tmp_path, map(model, devices))


def compare_shared_products(
    technology: Technology,
    weight_width: int,
    stages: int,
    folder: Path,
    *,
    symmetric: bool = False,
    activation_width: int = 8,
) -> dict[str, int]:
    """Compare all products of ECP5 with the portable ones; the number of its cells."""

    def products(technology: Technology) -> AllSharedProducts:
        return AllSharedProducts(
            technology,
            activation_width=activation_width,
            weight_width=weight_width,
            symmetric=symmetric,
            stages=stages,
        )

    design = products(technology)
    text = component_verilog(design, "dut_top")
    compare_verilog(
        design,
        text,
        component_verilog(products(PORTABLE), "reference_top"),
        folder,
        # there are resets in the second half
        cycles=(2 << activation_width + 2 * weight_width) + 10,
        cells=[model("ecp5")],
    )
    cells = re.findall(r"^ *(MULT18X18D|CCU2C)\b", text, re.M)
    return {cell: cells.count(cell) for cell in cells}


@pytest.mark.parametrize(("weight_width", "stages"), [(4, 1), (4, 3), (4, 4), (3, 2), (2, 5)])
def test_two_products_of_narrow_weights_in_a_multiplier_of_ecp5(weight_width, stages, tmp_path):
    """All values of all three factors."""

    cells = compare_shared_products(Ecp5(), weight_width, stages, tmp_path)
    assert cells == {"MULT18X18D": 1}


@pytest.mark.parametrize(
    ("weight_width", "stages", "activation_width"), [(5, 3, 8), (4, 4, 8), (6, 3, 7)]
)
def test_two_products_of_symmetric_weights_in_a_multiplier_of_ecp5(
    weight_width, stages, activation_width, tmp_path
):
    """The last one takes all bits of the cell."""
    cells = compare_shared_products(
        Ecp5(),
        weight_width,
        stages,
        tmp_path,
        symmetric=True,
        activation_width=activation_width,
    )
    assert cells == {"MULT18X18D": 1}


def test_products_of_five_bits_share_a_multiplier_of_ecp5_only_if_they_are_symmetric():
    assert Ecp5().products_a_cell(8, 5, symmetric=True) == 2
    assert Ecp5().products_a_cell(8, 5) == Ecp5().products_a_cell(8, 6, symmetric=True) == 1


def test_arrays_of_narrow_weights_on_ecp5(tmp_path):
    design = Arrays("ecp5", weight_width=4)
    compare_verilog(
        design,
        component_verilog(design, "dut_top"),
        component_verilog(Arrays("portable", weight_width=4), "reference_top"),
        tmp_path,
        cycles=3000,
        cells=[model("ecp5")],
    )


def test_products_of_narrow_weights_when_all_multipliers_are_taken(tmp_path):
    technology = Ecp5().share(Fraction(0))
    cells = compare_shared_products(technology, 3, 2, tmp_path)
    assert set(cells) == {"CCU2C"}


@pytest.mark.parametrize(
    ("device", "multipliers", "cells"),
    # two whole columns of three rows, and one that would need two more
    [("ecp5", 7, {"MULT18X18D": 6}), ("nexus", 4, {"MULT9X9": 6}), ("xilinx7", 5, {"DSP48E1": 3})],
)
def test_whole_columns_do_without_multipliers(device, multipliers, cells):
    array = [(5, 1, 2, frozenset({Operation.DOT}))]
    found = elaborate(Arrays(device, array, multipliers=multipliers), "top").foreign_modules()
    assert {cell: found[cell] for cell in cells} == cells
    none = elaborate(Arrays(device, array, multipliers=0), "top").foreign_modules()
    assert not cells.keys() & none.keys()


@pytest.mark.parametrize(
    ("device", "multipliers", "weight_width"), [("ecp5", 7, 8), ("ecp5", 4, 4), ("xilinx7", 4, 8)]
)
def test_columns_of_both_kinds_have_equal_results_at_equal_times(
    tmp_path, device, multipliers, weight_width
):
    text = component_verilog(
        Arrays(device, weight_width=weight_width, multipliers=multipliers), "dut_top"
    )
    ports = Arrays("portable", weight_width=weight_width)
    reference = component_verilog(ports, "reference_top")
    compare_verilog(ports, text, reference, tmp_path, cycles=3000, cells=[model(device)])


def yosys_model(family: str, cells: Iterable[str]) -> str:
    """Yosys's own models of cells."""
    text = (require_yosys() / family / "cells_sim.v").read_text()
    text = re.sub(r"`ICE40_DEFAULT_ASSIGNMENT\w+(\([^)]*\))?", "", text)
    found = [re.search(rf"^module {cell}\b.*?^endmodule", text, re.S | re.M) for cell in cells]
    return "\n".join(module[0] for module in found if module)


@pytest.mark.slow
def test_cells_of_yosys_do_the_same(tmp_path):
    pytest.importorskip("pyosys")
    (tmp_path / "ice40.v").write_text(yosys_model("ice40", CELLS["ice40"]))
    (tmp_path / "xilinx7.v").write_text(yosys_model("xilinx", CELLS["xilinx7"]))
    compare(["ice40", "xilinx7"], tmp_path, [tmp_path / "ice40.v", tmp_path / "xilinx7.v"])


def yosys_ecp5(component: Primitives, folder: Path) -> str:
    """A component with cells of ECP5 as Yosys's own mapping uses them, else as generic Verilog."""
    (folder / "portable.v").write_text(component_verilog(component, "dut_top"))
    run_yosys(
        [
            f"read_verilog {folder / 'portable.v'}",
            "synth_ecp5 -top dut_top -run begin:map_ffram",
            "techmap t:$alu",
            "techmap t:$lcu",
            "opt",
            f"write_verilog -noattr {folder / 'mapped.v'}",
        ],
        log=folder / "yosys.log",
    )
    text = re.sub(r"\.C\d+\(1'h0\),", "", (folder / "mapped.v").read_text())

    def with_writes_at_port_a(cell: re.Match) -> str:
        if ".WEB(1'h0)" in cell[0] and ".CEB(1'h1)" in cell[0]:
            return cell[0]
        swap = {"A": "B", "B": "A"}
        return re.sub(
            r"\.([A-Z_]+?)([AB])(\d*)\(",
            lambda port: f".{port[1]}{swap[port[2]]}{port[3]}(",
            cell[0],
        )

    return re.sub(r"^  DP16KD #\(.*?;", with_writes_at_port_a, text, flags=re.S | re.M)


@pytest.mark.slow
def test_model_of_ecp5_fits_to_the_use_that_yosys_makes_of_the_cells(tmp_path):
    pytest.importorskip("pyosys")
    sizes = {
        "factors": [(signed(8), signed(8), 1), (signed(16), unsigned(16), 2)],
        "sums": [],
        "gated": [],
        "roms": [(36, 500, 0, 0), (18, 1000, 0, 0), (9, 1500, 0, 0)],
        "rams": [(8, 600, 0), (4, 3000, 0), (18, 600, 0)],
    }
    text = yosys_ecp5(Primitives("portable", **sizes), tmp_path)
    assert len(re.findall(r"^  MULT18X18D ", text, re.M)) == 2
    assert len(re.findall(r"^  DP16KD ", text, re.M)) == 6
    ports = Primitives("portable", **sizes)
    reference = component_verilog(ports, "reference_top")
    compare_verilog(ports, text, reference, tmp_path, cycles=3000, cells=[model("ecp5")])


MODES = {
    "ecp5": ("MULT18X18D", "REG_OUTPUT_CLK", '"CLK1"'),
    "ice40": ("SB_MAC16", "TOPOUTPUT_SELECT", "1"),
    "gowin": ("MULT9X9", "ASIGN_REG", "1"),
    "xilinx7": ("DSP48E1", "CREG", "1"),
    "nexus": ("PDPSC16K", "ECC", '"ENABLED"'),
}


@pytest.mark.parametrize("name", ALL_DEVICES)
def test_modes_that_are_not_simulated_are_errors(name, tmp_path):
    cell, parameter, value = MODES[name]
    clock = {"ecp5": "CLK0"}.get(name, "CLK")
    (tmp_path / "top.v").write_text(
        f"module top; reg clk = 0; initial #1 clk = 1;"
        f" {cell} #(.{parameter}({value})) cell_ (.{clock}(clk)); endmodule"
    )
    built = verilator(
        *("--binary", "--timing", "--top-module", "top", "-Mdir", "objects", "-Wno-fatal"),
        *("--output-split", "0", "-CFLAGS", "-fcoroutines -std=gnu++20 -O0"),
        *("top.v", model(name)),
        folder=tmp_path,
    )
    assert built.returncode == 0, built.stderr
    run = subprocess.run([tmp_path / "objects" / "Vtop"], capture_output=True, text=True)
    assert run.returncode != 0
    assert f"{cell}" in run.stdout
