"""Compiles the design and its testbench to a simulator."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cocotb
import cocotb_tools.config
from design import Design
from links import plain
from tools import ProgramError, Simulator

VERILATOR_ARGUMENTS = (
    *("--cc", "--exe", "--vpi"),
    # Values that the design leaves open are random, so that nothing can come to depend on them.
    *("--x-assign", "unique", "--x-initial", "unique"),
    # Generated Verilog extends and truncates in assignments all the time.
    "-Wno-WIDTH",
    # One C++ file: the headers take longer to compile than the design. -O1: it compiles in half
    # the time of -O2 and runs as fast.
    *("--output-split", "0", "-MAKEFLAGS", "OPT_FAST=-O1"),
    # The wheel's makefile wants some `python` on PATH, and where there are several C++ files it
    # leaves out how compilers are told of their common header.
    *(
        "-MAKEFLAGS",
        f"PYTHON3={plain(Path(sys.executable))}",
        "-MAKEFLAGS",
        "CFG_CXXFLAGS_PCH_I=-include",
    ),
)
# Compilers take minutes for the long functions that netlists of gates become.
NETLIST_ARGUMENTS = ("--output-split-cfuncs", "500")
# With -g2012, combinational outputs of Amaranth's Verilog can stay X.
ICARUS_ARGUMENTS = ("-g2005",)


def compile_design(simulator: Simulator, design: Design, folder: Path, *, waves: bool) -> bool:
    """Compile design and testbench into `folder`; returns False if that was done before.

    What is compiled already is used again as long as sources, options and programs are the same.

    Parameters
    ----------
    waves
        Whether it must be able to record waves.

    Raises
    ------
    ProgramError
        If the compiler stops.
    """
    sources = [plain(design.folder) / "sim" / "tb.v"]
    sources += (plain_path(design, source) for source in (*design.sources, *design.cell_models))
    if simulator.name == "verilator":
        # of a netlist, which has no layers to look at, just the streams are compared
        arguments = (*VERILATOR_ARGUMENTS, *(() if design.layers else NETLIST_ARGUMENTS))
        arguments += ("--trace-vcd",) if waves else ()
    else:
        arguments = ICARUS_ARGUMENTS
    stamp = folder / "compiled.json"
    wanted = {
        "programs": [sys.executable, cocotb.__version__, simulator.version],
        "options": list(arguments),
        "sources": [hashlib.sha256(source.read_bytes()).hexdigest() for source in sources],
    }
    if _read_stamp(stamp) == wanted:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if simulator.name == "verilator":
        command = _verilator_command(sources, folder, arguments)
    else:
        command = ["iverilog", *arguments, "-s", "tb", "-o", str(folder / "sim.vvp")]
        command += map(str, sources)
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        raise ProgramError(f"The design does not compile with {simulator.name}")
    stamp.write_text(json.dumps(wanted), encoding="utf-8")
    return True


def plain_path(design: Design, file: Path) -> Path:
    """The path of one of the design's files as every program takes it."""
    return plain(design.folder) / file.relative_to(design.folder)


def _read_stamp(stamp: Path) -> dict | None:
    """What was compiled; None if that is not known."""
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _verilator_command(sources: list[Path], folder: Path, arguments: tuple[str, ...]) -> list[str]:
    """The command that cocotb's manual gives for Verilator, and prepares the environment for it.

    cocotb's runner would add --public-flat-rw, which keeps every signal of the design for access by
    cocotb and makes the simulation three times as slow. tb.v names those that are accessed.
    """
    cache = [sys.executable, str(plain(Path(__file__).parent) / "compile_cache.py")]
    os.environ.setdefault("OBJCACHE", shlex.join(cache))
    libraries = plain(cocotb_tools.config.libs_dir)
    main = plain(cocotb_tools.config.share_dir) / "lib" / "verilator" / "verilator.cpp"
    return [
        *("verilator", *arguments),
        *("--build", "--build-jobs", str(os.cpu_count() or 1)),
        *("-Mdir", str(folder), "--prefix", "Vtop", "--top-module", "tb", "-o", "tb"),
        *("-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"),
        *(str(main), *map(str, sources)),
    ]
