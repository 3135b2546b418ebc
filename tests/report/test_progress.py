"""Steps in a terminal."""

import io
import re

import pytest
from rich.console import Console

from nnhw.report import StepDisplay


def run(steps, *, error=None, terminal=False):
    """What is printed for steps of (name, share), and an error at the end."""
    output = io.StringIO()
    display = StepDisplay(Console(file=output, width=80, force_terminal=terminal))
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


def test_no_step():
    assert run([]).strip() == ""
