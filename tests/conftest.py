"""Fixtures and settings shared by all tests."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from left_out import left_out

MODELS = Path(__file__).parents[2] / "shared" / "models"
"""Folder of real networks and data beside the project; not part of it."""

# A test that is slow because the machine is busy has not found a mistake.
settings.register_profile("nnhw", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nnhw")


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder of real networks and data; the test is skipped where it is absent."""
    if not MODELS.is_dir():
        pytest.skip("the folder of real networks is not there")
    return MODELS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was left out; `-rs` lists each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    if line := left_out(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line)
