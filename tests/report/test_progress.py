"""Steps in a terminal."""

import io
import re

import pytest
from rich.console import Console

from nnhw.report import StepDisplay
from nnhw.report.progress import Estimate


def run(steps, *, error=None, terminal=False, keep=True):
    """What is printed for steps of (name, share), and an error at the end."""
    output = io.StringIO()
    display = StepDisplay(Console(file=output, width=80, force_terminal=terminal), keep=keep)
    try:
        with display as progress:
            for step, share in steps:
                progress(step, share)
            if error:
                raise error
    except ValueError:
        pass
    return output.getvalue()


def test_finished_steps_are_ticked():
    lines = run([("Read", 0), ("Simulate", 0), ("Simulate", 0.5), ("Simulate", 1)]).splitlines()
    assert [line.split()[:2] for line in lines] == [["✓", "Read"], ["✓", "Simulate"]]


def test_step_that_failed_is_not_ticked():
    read, simulate = run([("Read", 0), ("Simulate", 0.25)], error=ValueError()).splitlines()
    assert read.startswith("✓ Read")
    assert "Simulate" in simulate
    assert "✓" not in simulate
    assert simulate.split()[-1] == "25%"


@pytest.mark.parametrize("terminal", [True, False])
def test_last_line_ends(terminal):
    plain = re.sub(r"\x1b\[\??\d*\w", "", run([("Read", 0)], error=ValueError(), terminal=terminal))
    assert plain.endswith("\n")


def test_finished_steps_need_not_stay():
    assert run([("Read", 0), ("Simulate", 0.5)], keep=False).strip() == ""
    (line,) = run([("Read", 0), ("Simulate", 0.5)], keep=False, error=ValueError()).splitlines()
    assert "Simulate" in line


def test_estimate_of_what_is_left():
    """From the first share on: what comes before it says nothing."""
    estimate = Estimate(0.0)
    assert estimate(0.1, 30) == ""
    assert estimate(0.2, 40) == ", 0:01:20 left"
    assert estimate(0.6, 80) == ", 0:00:40 left"
    assert estimate(1, 120) == ""


def test_short_steps_have_no_estimate():
    estimate = Estimate(0.0)
    assert [estimate(share, 8 * share) for share in (0.1, 0.5, 0.9)] == ["", "", ""]


def test_estimate_is_shown():
    times = iter([0, 10, 20, 30, 40])
    output = io.StringIO()
    display = StepDisplay(Console(file=output, width=80), keep=True, clock=lambda: next(times))
    with display as progress:
        for share in (0, 0.25, 0.5):
            progress("Simulate", share)
        (task,) = display._progress.tasks
        assert task.fields["done"] == "50%, 0:00:20 left"


def test_no_step():
    assert run([]).strip() == ""
