"""What place and route aims at, and which of several placements counts."""

from types import SimpleNamespace

import pytest

from nnhw.errors import OptionError, ToolError
from nnhw.options import Effort
from nnhw.synth import SynthesisOptions, find_target, placements
from nnhw.synth.aim import read_estimate
from nnhw.synth.child import GIVEN_UP
from nnhw.synth.placements import Placing, counting_placement

TARGET = find_target("ecp5-25k")

LOG = """
Info: Max frequency for clock '$glbnet$clk$TRELLIS_IO_IN': 88.10 MHz (FAIL at 100.00 MHz)
Info: Max delay <async> -> posedge $glbnet$clk$TRELLIS_IO_IN: 3.20 ns
Info: Max frequency for clock '$glbnet$clk$TRELLIS_IO_IN': 121.45 MHz (PASS at 100.00 MHz)
"""


def test_estimate_is_the_last_one():
    assert read_estimate(LOG, TARGET) == 121.45


def test_estimate_is_that_of_the_slowest_clock():
    other = "Info: Max frequency for clock         'fast': 300.00 MHz (PASS at 100.00 MHz)\n"
    assert read_estimate(LOG + other, TARGET) == 121.45


def test_without_a_clock_the_usual_one_is_aimed_at():
    assert read_estimate("Info: Program finished normally.\n", TARGET) == TARGET.frequency_mhz


def placed(*frequencies):
    """Placements that have nothing but a clock."""
    return [
        SimpleNamespace(
            log="log",
            placement=SimpleNamespace(clocks=[SimpleNamespace(fmax_mhz=frequency)]),
        )
        for frequency in frequencies
    ]


@pytest.mark.parametrize(
    ("frequencies", "median", "fastest"),
    [((90.0,), 90.0, 90.0), ((90.0, 120.0, 100.0), 100.0, 120.0), ((90.0, 100.0), 90.0, 100.0)],
)
def test_placement_that_counts(frequencies, median, fastest):
    found = {
        effort: counting_placement(placed(*frequencies), effort).placement.clocks[0].fmax_mhz
        for effort in Effort
    }
    assert found == {Effort.NORMAL: median, Effort.HIGH: fastest}


def at(seed, frequency, aim):
    """A placement that has nothing but a seed and a clock."""
    clocks = [SimpleNamespace(fmax_mhz=frequency, aim_mhz=aim)]
    return SimpleNamespace(seed=seed, log="log", placement=SimpleNamespace(clocks=clocks))


@pytest.mark.parametrize(
    ("target", "before", "reached", "aims"),
    [
        # the third aim is missed; what was reached with the second one counts
        (
            "ecp5-25k",
            (101.0, 100.0),
            {108.0: 110.0, 116.64: 120.0, 125.97: 118.0},
            [108.0, 116.64, 125.97],
        ),
        # more than was asked for was reached at once: less than that would gain nothing
        ("ecp5-25k", (92.0, 80.0), {93.84: 93.0}, [93.84]),
        # a few paths were too slow by less than a per cent
        ("ecp5-25k", (99.2, 100.0), {108.0: 105.0}, [108.0]),
        ("ecp5-25k", (98.9, 100.0), {}, []),
        ("ecp5-25k", (101.0, 100.0), {108.0: None}, [108.0]),  # no way at all
        # 100 had to be given up: it is not asked for once more
        ("ecp5-25k", (87.5, 87.0), {93.96: 94.0}, [93.96]),
        ("ice40up5k", (101.0, 100.0), {}, []),  # its router does not look for fast ways
    ],
)
def test_aim_is_raised_until_it_is_missed(target, before, reached, aims, monkeypatch):
    tried = []

    def place(_, asked, *, again):
        ((seed, aim),) = asked.items()
        tried.append(round(aim, 2))
        assert seed == 1
        assert again == len(tried)
        found = reached[round(aim, 2)]
        return [at(1, found, aim)] if found else []

    monkeypatch.setattr(Placing, "_place", place)
    placing = Placing(
        **dict.fromkeys(("netlist", "out", "logs", "constraints")),
        **{"target": find_target(target), "speed_grade": "", "prefix": "", "inputs": {}, "jobs": 1},
    )
    placed = placing.place_faster([at(1, *before), at(2, 90.0, 100.0)], 100.0)
    frequencies = [design.placement.clocks[0].fmax_mhz for design in placed]
    assert frequencies == [max([before[0], *filter(None, reached.values())]), 90.0]
    assert tried == aims


def test_aim_that_was_missed_is_remembered(tmp_path, monkeypatch):
    tried = []

    def run(runs, *, jobs, finished):
        tried.extend(runs)
        return [GIVEN_UP] * len(runs)

    monkeypatch.setattr(placements, "run_all", run)
    monkeypatch.setattr(placements, "placing_run", lambda *_, **options: options["freq"])
    placing = Placing(
        **{"netlist": tmp_path / "pinned.json", "target": TARGET, "out": tmp_path},
        **{"logs": tmp_path, "constraints": None, "speed_grade": "", "prefix": ""},
        **{"inputs": {"netlist": "0"}, "jobs": 1},
    )
    before = [at(1, 110.0, 104.0)]
    for _ in range(2):
        assert placing.place_faster(before, 104.0) == before
    assert tried == [pytest.approx(112.32)]


def test_no_clock():
    nothing = [SimpleNamespace(log="log", placement=SimpleNamespace(clocks=[]))]
    with pytest.raises(ToolError, match="nextpnr reports no clock; see 'log'"):
        counting_placement(nothing, Effort.NORMAL)


def test_number_of_placements():
    assert SynthesisOptions(target="ecp5-25k").placements == 1
    assert SynthesisOptions(target="ecp5-25k", effort=Effort.HIGH).placements == 5
    assert SynthesisOptions(target="ecp5-25k", effort=Effort.HIGH, seeds=2).placements == 2
    with pytest.raises(OptionError, match="--seeds must be at least 1, not 0"):
        SynthesisOptions(target="ecp5-25k", seeds=0)
