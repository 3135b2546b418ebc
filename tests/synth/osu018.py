"""What tests of silicon need: the library of cells, and programs that may be missing."""

import shutil

import pytest

from nnhw.synth import PROCESSES
from nnhw.synth.asic.liberty import read_library
from nnhw.synth.processes import correct_areas

PROCESS = PROCESSES["asic-osu018"]

needs_library = pytest.mark.skipif(
    not PROCESS.liberty.is_file(), reason="Debian's package qflow-tech-osu018 is not there"
)
needs_opensta = pytest.mark.skipif(
    shutil.which("sta") is None, reason="OpenSTA (Debian's package opensta) is not there"
)


def library_text():
    """The library with its areas corrected."""
    return correct_areas(PROCESS.liberty.read_text(), PROCESS)


def library():
    """The library."""
    return read_library(library_text(), str(PROCESS.liberty))
