"""Occupied resources, and advice where they do not suffice."""

from nnhw.synth import find_target
from nnhw.synth.advice import advise
from nnhw.synth.usage import count_usage


def used(usage):
    """Counts by resource."""
    return {figures.resource: figures.used for figures in usage}


def test_counts_cells_of_each_family():
    cells = {"LUT4": 10, "CCU2C": 4, "TRELLIS_FF": 7, "TRELLIS_DPR16X4": 1, "MULT9X9D": 3}
    assert used(count_usage(cells, find_target("ecp5-25k"))) == {
        "LUTs": 22,
        "flip-flops": 7,
        "DSPs": 2,
        "block RAMs": 0,
        "distributed RAMs": 1,
    }
    cells = {"SB_LUT4": 5, "SB_DFFESR": 3, "SB_DFF": 1, "SB_RAM40_4KNR": 2, "SB_CARRY": 9}
    assert used(count_usage(cells, find_target("ice40up5k"))) == {
        "LUTs": 5,
        "flip-flops": 4,
        "DSPs": 0,
        "block RAMs": 2,
        "large RAMs": 0,
    }
    cells = {"RAMB18E1": 3, "RAMB36E1": 1, "FDRE": 4}
    assert used(count_usage(cells, find_target("xc7a35t")))["block RAMs"] == 3


def test_sites_are_what_the_device_has():
    sites = {"TRELLIS_COMB": (30, 24288), "IO": (3, 100)}
    usage = count_usage({"LUT4": 10, "TRELLIS_FF": 7}, find_target("ecp5-25k"), sites)
    assert used(usage)["LUTs"] == 30
    assert used(usage)["flip-flops"] == 7
    sites = {"LUT4": (30, 8640), "ALU": (8, 6480), "RAM16SDP4": (2, 270)}
    assert used(count_usage({}, find_target("gowin-gw1nr9"), sites))["LUTs"] == 46


def test_shares_of_the_device():
    luts = count_usage({"LUT4": 2429}, find_target("ecp5-25k"))[0]
    assert (luts.available, luts.percent, luts.fits) == (24288, 10.0, True)


def test_advice_names_what_to_change():
    target = find_target("ecp5-25k")
    manifest = {"mac_units": 64}
    fitting = count_usage({"MULT18X18D": 28}, target)
    assert advise(manifest, target, fitting) == ()
    advice = "\n".join(advise(manifest, target, count_usage({"MULT18X18D": 64}, target)))
    assert "64 DSPs are needed and there are 28" in advice
    assert "--macs 16 in place of 64, at about 25% of the speed" in advice
    assert "weight-bits" not in advice
    assert advice.endswith("take a larger device: ecp5-85k, ecp5-45k")
    advice = "\n".join(advise(manifest, target, count_usage({"DP16KD": 300}, target)))
    assert "--weight-bits 4" in advice
    assert "larger device" not in advice
