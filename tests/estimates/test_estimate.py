"""Estimates of designs, beside what they took when they were synthesized and packed."""

from pathlib import Path

import pytest

from nnhw.device_fit import find_use
from nnhw.errors import MappingError
from nnhw.estimates import Estimator, estimate_devices, estimate_parts, has_model
from nnhw.estimates.model import load_model
from nnhw.export.verilog import design_netlist, generate_verilog
from nnhw.families import FAMILIES, Resource, named_target
from nnhw.ir import load_graph
from nnhw.options import BuildOptions
from nnhw.placement import place
from nnhw.synth import has_nextpnr, pack
from nnhw.synth.family_synthesis import target_script
from nnhw.synth.synthesize import read_commands
from nnhw.synth.usage import count_usage
from nnhw.synth.yosys import WRITE_STATISTICS, read_cells, run_yosys

NETWORK = Path(__file__).parents[1] / "designs" / "digits_mlp.npz"


@pytest.fixture(scope="module")
def placement():
    return place(load_graph(NETWORK), BuildOptions(target="ecp5-25k", macs=4))


@pytest.fixture(scope="module")
def estimate(placement):
    return Estimator().estimate(placement.program, "ecp5-25k", shell=placement.shell)


def test_multipliers_and_blocks_are_exact(placement, estimate):
    use = find_use(placement.program)
    assert (estimate.dsps, estimate.block_rams) == (use.multipliers, use.block_rams)
    exact = [figure.resource for figure in estimate.figures if figure.error_percent is None]
    assert exact == ["DSPs", "block RAMs"]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ecp5-25k", "ice40up5k", "gowin-gw1nr9", "lifcl40"])
def test_logic_is_close_to_what_is_synthesized(target, tmp_path):
    pytest.importorskip("pyosys")
    placement = place(load_graph(NETWORK), BuildOptions(target=target, macs=4))
    program, device = placement.program, named_target(target)
    estimate = Estimator().estimate(program, target, shell=placement.shell)
    verilog = tmp_path / "design.v"
    verilog.write_text(generate_verilog(program, shell=placement.shell))
    script = [
        *read_commands([verilog], program.name, tmp_path),
        *target_script(device, program.name, pins=False),
        WRITE_STATISTICS,
        "write_json netlist.json",
    ]
    run_yosys(script, log=tmp_path / "yosys.log", cwd=tmp_path)
    if not has_nextpnr(device):
        pytest.skip(f"nextpnr for {target} is not there")
    sites = pack(tmp_path / "netlist.json", device, out=tmp_path, log=tmp_path / "packing.log")
    used = {
        usage.resource: usage.used for usage in count_usage(read_cells(tmp_path), device, sites)
    }
    for figure in estimate.figures:
        tolerance = 0 if figure.error_percent is None else 0.15
        assert figure.used == pytest.approx(used[figure.resource], rel=tolerance), figure.resource


@pytest.mark.parametrize(
    ("network", "target", "shape"),
    [
        ("digits_cnn", "ecp5-25k", (4, 8)),
        ("digits_resnet", "ecp5-25k", (2, 16)),  # adds earlier results
        ("digits_cnn", "ice40up5k", (2, 4)),  # requantizers have to share few multipliers
        ("digits_mlp", "gowin-gw1nr9", (1, 8)),  # halves of multipliers
    ],
)
def test_parts_are_nearly_the_whole(network, target, shape):
    rows, cols = shape
    options = BuildOptions(target=target, rows=rows, cols=cols)
    program = place(load_graph(NETWORK.with_name(f"{network}.npz")), options).program
    whole = Estimator().estimate(program, target)
    parts = estimate_parts(program, named_target(target))
    assert (parts.dsps, parts.block_rams) == (whole.dsps, whole.block_rams)
    assert parts.luts == pytest.approx(whole.luts, rel=0.03)
    assert parts.flip_flops == pytest.approx(whole.flip_flops, rel=0.06)


def test_a_clock_where_there_is_place_and_route(placement, estimate):
    assert 120 < estimate.clock_mhz < 200
    assert estimate.clock_error_percent > 0
    portable = place(load_graph(NETWORK), BuildOptions(macs=4)).program
    assert Estimator().estimate(portable, "xc7a35t").clock_mhz is None


def test_other_devices_of_the_family(estimate):
    larger = estimate.on(named_target("ecp5-85k"))
    assert (larger.target, larger.luts) == ("ecp5-85k", estimate.luts)
    assert larger.figures[0].available == 83640


def test_portable_designs_are_estimated_for_every_family():
    program = place(load_graph(NETWORK), BuildOptions(macs=4)).program
    found = estimate_devices(design_netlist(program), technology="portable", target=None)
    families = [named_target(estimate.target).family for estimate in found]
    assert families == [family for family in FAMILIES if has_model(family)]
    assert all(estimate.fits for estimate in found)
    smallest = {estimate.target for estimate in found}
    assert {"ecp5-25k", "gowin-gw1nr9", "xc7a35t"} <= smallest


def test_cells_of_another_family_are_refused(placement):
    with pytest.raises(MappingError, match="cells of ecp5 cannot be had on xc7a35t"):
        Estimator().estimate(placement.program, "xc7a35t")
    with pytest.raises(MappingError, match="There is no target 'nothing'"):
        Estimator().estimate(placement.program, "nothing")


@pytest.mark.parametrize("family", FAMILIES)
def test_errors_of_every_family_are_within_bounds(family):
    errors = load_model(family).errors
    assert set(errors) == {Resource.LUTS.value, Resource.FLIP_FLOPS.value}
    for error in errors.values():
        assert error.designs >= 12
        assert error.median <= 5
        assert error.percentile_90 <= 10


@pytest.mark.parametrize("family", ["ecp5", "gowin", "ice40"])
def test_clocks_are_within_bounds(family):
    clock = load_model(family).clock
    assert clock.error.designs >= 12
    assert clock.error.median <= 8
    assert clock.error.percentile_90 <= 15
    small, large = (clock.mhz(luts, None) for luts in (2000, 20000))
    assert small > large
    assert clock.mhz(2000, 4) < clock.mhz(2000, 0) <= small


def test_multipliers_without_registers_are_slow(placement, estimate):
    program = place(load_graph(NETWORK), BuildOptions(macs=4)).program
    whole = Estimator().estimate(program, "ecp5-25k")
    assert whole.clock_mhz < 0.8 * estimate.clock_mhz
    assert estimate_parts(program, named_target("ecp5-25k")).clock_mhz < 0.8 * estimate.clock_mhz
