"""Energy from transitions: by hand, and against OpenSTA's own calculation."""

import re
import subprocess

import numpy as np
import pytest
from osu018 import library, library_text, needs_library, needs_opensta

from nnhw.errors import ToolError
from nnhw.synth.asic.liberty import Table, read_library
from nnhw.synth.asic.netlist import Instance, Netlist
from nnhw.synth.asic.power import estimate_energy, leakage_nw, net_loads
from nnhw.synth.asic.vcd import Transitions

INVERTERS = Netlist(
    instances={
        "u0": Instance(type="INVX1", nets={"A": "a", "Y": "b"}),
        "u1": Instance(type="NAND2X1", nets={"A": "b", "B": "quiet", "Y": "y"}),
    },
    ports={"a": False, "quiet": False, "y": True},
)
FLIP_FLOP = Netlist(
    instances={"u0": Instance(type="DFFPOSX1", nets={"CLK": "clk", "D": "d", "Q": "q"})},
    ports={"clk": False, "d": False, "q": True},
)


def estimate(netlist, transitions, slew=0.06):
    nets = {net for instance in netlist.instances.values() for net in instance.nets.values()}
    counts = {net: Transitions(*count) for net, count in transitions.items()}
    slews = dict.fromkeys(nets, slew)
    return estimate_energy(netlist, library(), clock="clk", transitions=counts, slews=slews)


def test_table_is_linear_between_points_and_ends_at_its_edges():
    table = Table(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.array([[1.0, 3.0], [2.0, 8.0]]))
    assert table.at(0, 0) == 1
    assert table.at(1, 2) == 8
    assert table.at(0.5, 1) == pytest.approx(3.5)
    assert table.at(-1, 0) == 1
    assert table.at(9, 9) == 8


@needs_library
def test_library():
    cells = library().cells
    assert cells["NAND2X1"].area == 24
    assert cells["OAI21X1"].area == 32  # 23 in the file
    assert cells["DFFPOSX1"].pins["CLK"].is_clock
    assert cells["DFFPOSX1"].leakage_nw == pytest.approx(0.160725)


def test_other_units_are_refused():
    with pytest.raises(ToolError, match="time_unit must be 1ns, not 1ps"):
        read_library('library (x) { time_unit : "1ps"; }', "x.lib")
    with pytest.raises(ToolError, match="not a library of cells"):
        read_library("module x; endmodule", "x.v")


@needs_library
def test_inverter_by_hand():
    """Its load is one NAND input, 0.0125 pF: a point of the tables, as is the slew of 0.06 ns."""
    rises, falls = 5, 4
    energy = estimate(INVERTERS, {"a": (falls, rises), "b": (rises, falls)})
    assert energy.internal_pj == pytest.approx(rises * 0.023165 + falls * 0.009047)
    assert energy.switching_pj == pytest.approx((rises + falls) * 0.5 * 0.0125 * 1.8**2)
    assert energy.clock_pj == 0


@needs_library
def test_flip_flop_by_hand():
    """Ten clock cycles in which D and Q toggle in each, with clock edges of 0.1 ns."""
    energy = estimate(FLIP_FLOP, {"clk": (10, 10), "d": (5, 5), "q": (5, 5)})
    near = 0.04 / 0.18  # from the column of 0.06 ns to that of 0.24 ns
    clock_edges = 10 * (0.006865 + near * (0.006943 - 0.006865))
    clock_edges += 10 * (0.11034 + near * (0.129769 - 0.11034))
    data_edges = 5 * (0.045424 + 0.08841)
    # The port's load of 0.02 pF is between the rows of 0.0125 and 0.025 pF.
    rise = np.interp(0.1, [0.06, 0.24], 0.4 * np.array([0.041217, 0.062027])
                     + 0.6 * np.array([0.04099, 0.061849]))  # fmt: skip
    fall = np.interp(0.1, [0.06, 0.24], 0.4 * np.array([0.063395, 0.075613])
                     + 0.6 * np.array([0.060938, 0.076343]))  # fmt: skip
    assert energy.internal_pj == pytest.approx(clock_edges + data_edges + 5 * (rise + fall))
    assert energy.switching_pj == pytest.approx(10 * 0.5 * 0.02 * 1.8**2)
    assert energy.clock_pj == pytest.approx(20 * 0.5 * 0.0279235 * 1.8**2)


@needs_library
def test_energy_is_shared_by_the_inputs_that_change():
    """Only B of the NAND changes; its output's load is a port's."""
    energy = estimate(INVERTERS, {"quiet": (3, 3), "y": (3, 3)})
    pin = library().cells["NAND2X1"].pins["Y"]
    (by_b,) = (found for found in pin.energies if found.related == "B")
    assert energy.internal_pj == pytest.approx(by_b.at(rises=3, falls=3, load=0.02, slew=0.06))


@needs_library
def test_loads_and_leakage():
    assert net_loads(INVERTERS, library())["b"] == pytest.approx(0.0125)
    assert net_loads(INVERTERS, library())["y"] == pytest.approx(0.02)
    assert leakage_nw(INVERTERS, library()) == pytest.approx(0.0221741 + 0.0393659)


@needs_library
@needs_opensta
def test_opensta_finds_the_same(tmp_path):
    """For cells at inputs, whose activities OpenSTA takes as they are given.

    The input toggles once in a clock cycle of 10 ns; OpenSTA reports watts. For every transition it
    takes the energies of a rising and a falling one, twice what they mean in Liberty.
    """
    (tmp_path / "cells.lib").write_text(library_text())
    (tmp_path / "netlist.v").write_text(
        "module top (input clk, input a, input quiet, output y);\n  wire b;\n"
        "  INVX1 u0 (.A(a), .Y(b));\n  NAND2X1 u1 (.A(b), .B(quiet), .Y(y));\nendmodule\n"
    )
    (tmp_path / "power.tcl").write_text(
        "read_liberty cells.lib\nread_verilog netlist.v\nlink_design top\n"
        "create_clock -name clk -period 10 [get_ports clk]\n"
        "set_input_delay 0 -clock clk [get_ports a]\n"
        "set_input_transition 0.06 [all_inputs]\nset_load 0.02 [all_outputs]\n"
        "set_power_activity -input_ports [get_ports a] -activity 1.0 -duty 0.5\n"
        "report_power -instances u0 -digits 8\n"
    )
    command = ["sta", "-no_init", "-no_splash", "-exit", "power.tcl"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    internal, switching = map(
        float, re.search(r"^ *(\S+) +(\S+) .*u0$", output.stdout, re.M).groups()
    )
    energy = estimate(INVERTERS, {"a": (500, 500), "b": (500, 500)})
    pj_in_a_cycle = 1e12 * 10e-9
    assert energy.internal_pj / 1000 == pytest.approx(internal / 2 * pj_in_a_cycle, rel=0.02)
    assert energy.switching_pj / 1000 == pytest.approx(switching * pj_in_a_cycle, rel=0.02)
