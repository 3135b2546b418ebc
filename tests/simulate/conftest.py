"""Access to the modules of the testbench, which are no package."""

import importlib
import sys

import pytest

from nnhw.simulate import sim_folder


@pytest.fixture
def testbench(monkeypatch):
    """Function that imports a module of the folder sim by name."""
    folder = sim_folder()
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module
    for file in folder.glob("*.py"):
        sys.modules.pop(file.stem, None)
