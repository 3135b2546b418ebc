"""The fastest array that fits a device is found by few designs."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from nnhw.device_search import (
    _fitting_weight_bits,
    _next,
    _Search,
    _Try,
    check_fits,
    find_fastest,
    searches_device,
)
from nnhw.errors import MappingError
from nnhw.estimates import estimate_parts
from nnhw.families import Resource, named_target
from nnhw.ir import load_graph
from nnhw.machine import Machine
from nnhw.options import BuildOptions
from nnhw.placement import _programs, place

NETWORK = Path(__file__).parent / "designs" / "digits_mlp.npz"


def searched(fullest):
    """Numbers of multipliers that are tried if they fill a device so much, and those that fit."""
    fitting = beyond = None
    macs, tried = 28, []
    while macs is not None and len(tried) < 20:
        tried.append(macs)
        found = _Try(macs, None, None, fullest(macs), Resource.LUTS, None)
        fitting, beyond = (found, beyond) if found.fits else (fitting, found)
        macs = _next(fitting, beyond)
    return tried, [n for n in tried if fullest(n) <= 1]


@pytest.mark.parametrize(
    "fullest",
    [
        lambda macs: 0.1 + 0.01 * macs,
        lambda macs: 0.3 + 0.001 * macs,
        lambda macs: 0.3 + 0.1 * macs,
        lambda macs: 0.9 * (macs / 100) ** 1.5,
        lambda macs: 0.5 if macs < 100 else 1.5,  # a step
        lambda macs: 0.9 + 0.01 * macs,  # nearly full of memories
    ],
)
def test_a_full_device_is_found_in_few_tries(fullest):
    tried, fitting = searched(fullest)
    assert len(tried) <= 8
    best = max(fitting)
    assert fullest(best) >= 0.85 or fullest(best + best // 8 + 1) > 1


def test_nothing_fits():
    tried, fitting = searched(lambda macs: 1.2 + 0.01 * macs)
    assert (tried, fitting) == ([28, 1], [])


def test_targets_with_models_are_searched():
    assert searches_device("ecp5-25k")
    assert not searches_device(None)


@pytest.mark.slow
def test_a_network_on_a_small_device():
    placement = place(load_graph(NETWORK), BuildOptions(target="ice40up5k"))
    search = _Search(named_target("ice40up5k"), lambda macs: [placement.program])
    assert search.look(1).fits
    assert placement.program.config.mac_units > 1


def test_memories_in_fewer_banks_fit_small_devices():
    """Of arrays with as many multipliers."""
    options = BuildOptions(target="ecp5-85k", rows=8, cols=8)
    graph = load_graph(NETWORK.with_name("versatile.npz"))
    many, few = _programs(graph, options)
    assert few.config.banks < many.config.banks
    assert few.config.mac_units == many.config.mac_units
    device = named_target("ecp5-85k")
    needed = [estimate_parts(program, device).used(Resource.BLOCK_RAMS) for program in (many, few)]
    assert needed[1] < needed[0]
    for available, chosen in ((needed[0], many), (needed[0] - 1, few), (needed[1] - 1, many)):
        small = replace(device, capacity={**device.capacity, Resource.BLOCK_RAMS: available})
        search = _Search(small, lambda macs: _programs(graph, options))
        found = search.look(64)
        assert found.program.config == chosen.config
        assert found.fits == (available >= needed[1])
    asked = options.replace(lane_groups=2)
    assert [program.config.lane_groups for program in _programs(graph, asked)] == [2]


def test_what_would_do_is_said(monkeypatch):
    graph = load_graph(NETWORK)
    program = place(graph, BuildOptions(target="ecp5-25k", macs=4)).program
    monkeypatch.setattr("nnhw.device_search.LOGIC_SHARE", 0.02)
    with pytest.raises(MappingError) as caught:
        find_fastest("ecp5-25k", [lambda macs: [program]])
    message = str(caught.value)
    assert message.startswith("No array for this network fits ecp5-25k: with 4 multipliers, about ")
    assert message.endswith("and it has 24,288. Try a larger device: ecp5-85k")
    with pytest.raises(MappingError, match=r"(LUTs|flip-flops) are needed"):
        check_fits(program, "ecp5-25k")


def test_what_would_do_is_said_of_what_is_far_too_large(monkeypatch):
    """By how much it has to hold."""
    graph = load_graph(NETWORK)
    program = place(graph, BuildOptions(target="ecp5-25k", macs=4)).program
    bits = {"weights": 5 * 56 * 18 * 1024 // 2}  # 140 block RAMs: ecp5-45k has 108, ecp5-85k 208
    monkeypatch.setattr(Machine, "memory_bits", lambda machine: bits)
    with pytest.raises(MappingError) as caught:
        find_fastest("ecp5-25k", [lambda macs: [program]])
    message = str(caught.value)
    assert "more than 2 times as many block RAMs are needed, and it has 56" in message
    assert message.endswith("a larger device: ecp5-85k")


def test_weights_of_as_many_bits_as_are_advised_fit():
    """Other memories stay as they are, so that it is fewer than in proportion."""
    graph = load_graph(NETWORK.with_name("digits_resnet.npz"))
    device = named_target("ice40up5k")
    program = place(graph, BuildOptions(target=device.name, macs=1), find_device=False).program
    small = replace(device, capacity={**device.capacity, Resource.BLOCK_RAMS: 20})
    found = _Search(small, lambda macs: [program]).look(1)
    assert found.limit == Resource.BLOCK_RAMS
    bits = _fitting_weight_bits(found, small)
    assert bits < int(8 / found.fullest)
    for tried, fits in ((bits, True), (bits + 1, False)):
        widths = replace(program.widths, weight=tried)
        narrow = estimate_parts(replace(program, widths=widths), small)
        assert (narrow.block_rams <= 20) == fits


@pytest.mark.parametrize(("cycles_of_96", "chosen"), [(1100, 96), (2300, 128)])
def test_a_smaller_array_is_taken_if_its_clock_makes_it_faster(monkeypatch, cycles_of_96, chosen):
    """128 multipliers fill the device and take 1,000 cycles at half the clock of 96."""
    device = named_target("ecp5-25k")

    def program(macs):
        return SimpleNamespace(config=SimpleNamespace(mac_units=min(macs, 128), lanes=1, banks=1))

    def estimated(self, macs, program):
        size = program.config.mac_units
        cycles = {128: 1000, 96: cycles_of_96}.get(size, 400_000 // size)
        return _Try(
            *(macs, program, SimpleNamespace(interval_cycles=cycles), size / 130, Resource.LUTS),
            SimpleNamespace(luts=100_000 * size, clock_mhz=50 if size == 128 else 100),
        )

    monkeypatch.setattr(_Search, "_estimated", estimated)
    monkeypatch.setattr(
        "nnhw.device_search.predict_cycles",
        lambda program: estimated(None, 0, program).cycles,
    )
    found = find_fastest(device.name, [lambda macs: [program(macs)]])
    assert found.config.mac_units == chosen
