"""A core description for FuseSoC, whose files edalize hands on to tools."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .block import LIBRARY, VENDOR, IpBlock

_VERILATOR_OPTIONS = ("--timing", "-Wno-fatal", "-Wno-WIDTH", "-CFLAGS", "-fcoroutines")
"""Delays in the testbench need coroutines, for which older compilers have a switch."""


def fusesoc_core(block: IpBlock) -> str:
    """NAME.core: CAPI2 (https://fusesoc.readthedocs.io, "CAPI2 core file format").

    Target `default` has the Verilog, for cores that depend on it; `sim` runs a self-checking
    testbench.
    """
    return "\n".join(_lines(block)) + "\n"


def _lines(block: IpBlock) -> Iterator[str]:
    yield "CAPI=2:"
    yield f"name: {VENDOR}:{LIBRARY}:{block.name}:{block.version}"
    yield f"description: {json.dumps(block.summary)}"
    yield "filesets:"
    yield from _fileset("rtl", [f"{file}" for file in block.sources], "verilogSource-2005")
    contents = [_copied(file) for file in block.memory_files]
    if contents:
        yield from _fileset("contents", contents, "user")
    if block.cell_models:
        yield from _fileset("models", list(block.cell_models), "verilogSource-2005")
    ends = ("input", "output", *(["load"] if block.programmable else []))
    vectors = [_copied(f"sim/selfcheck_{end}.hex") for end in ends]
    yield from _fileset("vectors", vectors, "user")
    yield from _fileset("testbench", ["sim/selfcheck.sv"], "systemVerilogSource")
    used = ["rtl", *(["contents"] if contents else [])]
    models = ["models"] if block.cell_models else []
    yield "targets:"
    yield "  default:"
    yield f"    filesets: [{', '.join(used)}]"
    yield f"    toplevel: {block.name}"
    yield "  sim:"
    yield "    description: A self-checking testbench; fails if an output differs"
    yield "    flow: sim"
    yield "    flow_options:"
    yield "      tool: verilator"
    yield "      mode: binary"
    yield f"      verilator_options: [{', '.join(map(json.dumps, _VERILATOR_OPTIONS))}]"
    yield f"    filesets: [{', '.join([*used, *models, 'vectors', 'testbench'])}]"
    yield "    toplevel: selfcheck"


def _fileset(name: str, files: list[str], file_type: str) -> Iterator[str]:
    yield f"  {name}:"
    yield "    files:"
    yield from (f"      - {file}" for file in files)
    yield f"    file_type: {file_type}"


def _copied(file: str) -> str:
    """A file that simulators look for in the folder that they run in."""
    return f"{file}: {{copyto: {file.rpartition('/')[2]}}}"
