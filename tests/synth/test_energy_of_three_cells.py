"""Energy from transitions, by hand, with a library that is small enough for that."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from three_cells import LIBERTY

from nnhw.synth.asic import macros
from nnhw.synth.asic.liberty import read_library
from nnhw.synth.asic.netlist import Instance, Netlist
from nnhw.synth.asic.power import Energy, estimate_energy, leakage_nw, net_loads
from nnhw.synth.asic.synthesis import OUTPUT_LOAD_PF
from nnhw.synth.asic.timing import CLOCK_SLEW_NS
from nnhw.synth.asic.vcd import Transitions

LIBRARY = read_library(LIBERTY, "three_cells.lib")
CHAIN = Netlist(
    instances={
        "u0": Instance(type="INV", nets={"A": "a", "Y": "b"}),
        "u1": Instance(type="NAND", nets={"A": "b", "B": "c", "Y": "d"}),
        "u2": Instance(type="FF", nets={"CLK": "clk", "D": "d", "Q": "q"}),
    },
    ports={"a": False, "c": False, "clk": False, "q": True},
)
HALF_OF_V2 = 2.0**2 / 2
SLEW = 0.05


def estimate(transitions: Mapping[str, tuple[int, int]], netlist: Netlist = CHAIN) -> Energy:
    nets = {net for instance in netlist.instances.values() for net in instance.nets.values()}
    return estimate_energy(
        netlist,
        LIBRARY,
        clock="clk",
        transitions={net: Transitions(*count) for net, count in transitions.items()},
        slews=dict.fromkeys(nets, SLEW),
    )


def test_library():
    assert LIBRARY.voltage == 2
    assert {name: cell.area for name, cell in LIBRARY.cells.items()} == {
        "INV": 2,
        "NAND": 3,
        "FF": 9,
    }
    pins = LIBRARY.cells["FF"].pins
    assert [name for name, pin in pins.items() if pin.is_clock] == ["CLK"]
    assert [name for name, pin in pins.items() if pin.is_output] == ["Q"]
    assert pins["D"].energies[0].fall is None


def test_loads_and_leakage():
    loads = dict(net_loads(CHAIN, LIBRARY))
    assert loads == pytest.approx(
        {"a": 0.01, "b": 0.02, "c": 0.03, "d": 0.04, "clk": 0.05, "q": OUTPUT_LOAD_PF}
    )
    assert leakage_nw(CHAIN, LIBRARY) == pytest.approx(0.5 + 0.25 + 0.125)


def test_nothing_moves():
    assert estimate({}).total_pj == 0


def test_only_nets_that_cells_drive_switch():
    energy = estimate({"a": (7, 7), "b": (3, 2), "d": (0, 1), "q": (4, 0)})
    wanted = 5 * 0.02 + 1 * 0.04 + 4 * OUTPUT_LOAD_PF
    assert energy.switching_pj == pytest.approx(wanted * HALF_OF_V2)
    assert energy.clock_pj == 0


def test_the_clock_counts_by_itself():
    energy = estimate({"clk": (10, 9)})
    assert energy.switching_pj == 0
    assert energy.clock_pj == pytest.approx(19 * 0.05 * HALF_OF_V2)
    steep = CLOCK_SLEW_NS / 0.2
    assert energy.internal_pj == pytest.approx(10 * (0.5 + steep * 0.2) + 9 * 0.3)
    assert energy.total_pj == pytest.approx(energy.clock_pj + energy.internal_pj)


def test_energy_inside_is_by_load_and_slew():
    """A load of 0.02 pF and a slew of 0.05 ns are in the middle of the inverter's tables."""
    energy = estimate({"a": (2, 3), "b": (3, 2)})
    # of the flip-flop nothing moves, and of the NAND only an input, which has no table
    assert energy.internal_pj == pytest.approx(3 * 2.5 + 2 * 0.25)


def test_energy_is_shared_by_the_inputs_that_change():
    energy = estimate({"b": (2, 1), "c": (1, 0), "d": (4, 8)}).internal_pj
    by_a, by_b = 4 * 8 + 8 * 4, 4 * 2 + 8 * 1
    inverter = 0.0  # its input does not move, so that it is not told who moved its output
    data = 4 * 0.05  # the flip-flop's D, a quarter of the way to 0.2 ns; only rising
    assert energy == pytest.approx(0.75 * by_a + 0.25 * by_b + inverter + data)


def test_tables_by_slew_and_load_the_other_way_round():
    energy = estimate({"clk": (5, 5), "q": (2, 3)})
    steep, load = CLOCK_SLEW_NS / 0.2, OUTPUT_LOAD_PF / 0.04
    clock = 5 * (0.5 + steep * 0.2) + 5 * 0.3
    assert energy.internal_pj == pytest.approx(clock + 2 * (1 + load) + 3 * (1 + steep))


def test_macros_load_nets_and_have_their_energy_elsewhere():
    nets = {"clk": "clk", "rd_addr[0]": "b", "rd_data[0]": "word"}
    macro = Instance(type="nnhw_rom_1x2", nets=nets)
    netlist = Netlist(instances={**CHAIN.instances, "m": macro}, ports=CHAIN.ports)
    loads = net_loads(netlist, LIBRARY)
    assert loads["b"] == pytest.approx(0.02 + macros.INPUT_PF)
    assert loads["clk"] == pytest.approx(0.05 + macros.CLOCK_PF)
    assert leakage_nw(netlist, LIBRARY) == leakage_nw(CHAIN, LIBRARY)
    # what it drives counts, but nothing loads that net
    assert estimate({"word": (3, 3)}, netlist).total_pj == 0
