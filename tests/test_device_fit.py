"""Whether a design fits into its device, and what is said if not."""

import dataclasses
from pathlib import Path

import pytest

from nnhw.device_fit import check_logic, check_use, find_use
from nnhw.errors import MappingError
from nnhw.estimates import Estimator
from nnhw.families import DeviceUse
from nnhw.ir import load_graph
from nnhw.options import BuildOptions
from nnhw.placement import place
from nnhw.report.text import device_rows

NETWORK = Path(__file__).parent / "designs" / "digits_mlp.npz"


@pytest.fixture(scope="module")
def placement():
    """A small network on a device."""
    return place(load_graph(NETWORK), BuildOptions(target="ecp5-25k", rows=2, cols=2))


def test_use_of_a_device(placement):
    use = placement.device
    assert (use.target, use.multipliers_available, use.block_rams_available) == ("ecp5-25k", 28, 56)
    # two of these are those of the array's columns, the others are the requantizers'
    assert 4 < use.multipliers < 12
    assert 0 < use.block_rams < 56
    assert not use.block_rams_expected
    assert not use.added_products
    assert placement.warnings == ()


def test_products_beyond_the_multipliers_are_counted():
    """Of an array larger than its device: whole columns of four are made by adding."""
    large = place(load_graph(NETWORK), BuildOptions(target="ecp5-25k", rows=4, cols=8))
    use = large.device
    assert (use.added_products % 4, use.multipliers % 4) == (0, 0)
    assert use.added_products >= 32 - 28 + large.program.config.lanes
    assert 24 < use.multipliers <= 28
    (row,) = device_rows(use)
    assert f"multipliers and {use.added_products} products by adding, " in row[1]


def test_no_device_no_use():
    plain = place(load_graph(NETWORK), BuildOptions(technology="ecp5", rows=2, cols=2))
    assert plain.device is None
    assert find_use(plain.program) is None


def test_a_device_changes_no_cycles(placement):
    plain = place(load_graph(NETWORK), BuildOptions(technology="ecp5", rows=2, cols=2))
    assert plain.cycles.latency_cycles == placement.cycles.latency_cycles
    assert plain.cycles.interval_cycles == placement.cycles.interval_cycles


def test_blocks_that_a_synthesizer_takes_are_expected():
    graph = load_graph(NETWORK)
    gowin = place(graph, BuildOptions(target="gowin-gw1nr9", rows=2, cols=2)).device
    assert gowin.block_rams_expected
    assert gowin.block_rams > 0
    # four multipliers of 9 bits, and those of wide factors
    assert gowin.multipliers > 2
    gatemate = place(graph, BuildOptions(target="gatemate-a1", rows=2, cols=2)).device
    assert (gatemate.multipliers, gatemate.multipliers_available) == (0, 0)


def too_large(use: DeviceUse, **changes) -> DeviceUse:
    """The same with more blocks than there are."""
    return dataclasses.replace(use, block_rams=60, **changes)


def test_too_much_logic(placement):
    estimate = Estimator().estimate(placement.program, "ecp5-25k")
    assert check_logic(estimate) == ()
    luts = dataclasses.replace(estimate.figures[0], used=30_000)
    full = dataclasses.replace(estimate, figures=(luts, *estimate.figures[1:]))
    (warning,) = check_logic(full)
    assert warning.problem == "About 30,000 LUTs are needed and ecp5-25k has 24,288"
    assert warning.advice.endswith("or a larger device: ecp5-85k, ecp5-45k")


def test_too_many_blocks(placement):
    with pytest.raises(MappingError) as caught:
        check_use(too_large(placement.device), placement.program)
    message = str(caught.value)
    assert message.startswith("60 block RAMs are needed and ecp5-25k has 56. Try --weight-bits ")
    assert "--macs 2" in message
    assert message.endswith("a larger device: ecp5-85k, ecp5-45k")


def test_fewer_banks_are_tried_before_a_design_is_refused(monkeypatch):
    """The array has as many multipliers as asked for, and fewer lane groups."""
    graph = load_graph(NETWORK.with_name("versatile.npz"))
    options = BuildOptions(target="ecp5-25k", rows=8, cols=8)
    assert place(graph, options).engine.lane_groups == 2

    def find(program):
        many = program.config.lane_groups > 1
        return dataclasses.replace(find_use(program), block_rams=1000 if many else 1)

    monkeypatch.setattr("nnhw.placement.find_use", find)
    placement = place(graph, options)
    assert (placement.engine.lane_groups, placement.device.block_rams) == (1, 1)
    with pytest.raises(MappingError, match="1000 block RAMs are needed"):
        place(graph, options.replace(lane_groups=2))


def test_probably_too_many_blocks(placement):
    use = too_large(placement.device, block_rams_expected=True)
    (warning,) = check_use(use, placement.program)
    assert (warning.kind, warning.layer) == ("device", None)
    assert warning.problem.startswith("About 60 block RAMs are needed and ecp5-25k has 56")
    assert warning.advice.startswith("Try --weight-bits ")
