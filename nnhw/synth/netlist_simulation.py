"""Simulation of a synthesized netlist with the exported design's own testbench."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..design import ExportedDesign, sha256_of, write_checksums
from ..errors import OptionError, ToolError
from ..families import Target
from ..simulate import install_testbench, run_regression
from .family_synthesis import find_synthesis
from .result import NetlistCheck
from .steps import Step, read_json
from .synthesize import NETLIST_RTLIL
from .yosys import WRITE_STATISTICS, quote, read_cells, require_yosys, run_yosys

FRAMES = 1
"""Real frames to simulate: a netlist takes long."""
_CHECK = "check.json"


def simulate_netlist(
    design: ExportedDesign,
    target: Target,
    *,
    synthesized: Path,
    out: Path,
    log: Path,
    progress: Callable[[int, int], None] | None = None,
) -> NetlistCheck:
    """Simulate the netlist of a design with Verilator and compare it with the golden model.

    Yosys puts the simulation models of its cells in the place of the cells, and the exported
    testbench takes the result in the place of the design. It sees the streams only, not the layers.
    A difference is a result, not an exception.

    Parameters
    ----------
    synthesized
        The folder that `synthesize` wrote.
    out
        Folder to write to: a design of the exported kind.
    log
        File for what Yosys prints.
    progress
        Called with the number of frames that are done and their total.

    Raises
    ------
    OptionError
        If there are no simulation models for the target's cells.
    ToolError
        If there is none for some cell, or a program is missing or fails.
    ExportError
        If the design has no test vectors.
    """
    if len(design.clocks) > 1:
        raise OptionError(
            f"'{design.folder}' has two clocks, and a netlist no engine in which cycles could be "
            "counted; leave out --simulate"
        )
    models = model_files(target)
    commands = model_commands(
        design.top, synthesized, models, out, splits_nets=find_synthesis(target).splits_nets
    )
    vectors = design.vectors
    inputs = {
        "netlist": sha256_of(synthesized / NETLIST_RTLIL),
        "models": [sha256_of(model) for model in models],
        "script": commands,
        "manifest": dict(design.manifest),
        "vectors": sha256_of(vectors),
    }
    step = Step(out, inputs)
    if not step.done:
        partial = step.start()
        run_yosys(commands, log=log, cwd=partial)
        _check_cells(partial, target)
        (partial / "manifest.json").write_text(
            json.dumps(netlist_manifest(design, sources=["model.v"]), indent=2) + "\n",
            encoding="utf-8",
        )
        install_testbench(partial)
        shutil.copyfile(vectors, partial / "sim" / "vectors.npz")
        write_checksums(partial)
        step.finish()
    known = out / _CHECK
    if not known.is_file():
        result = run_regression(out, vectors=FRAMES, progress=progress)
        check = NetlistCheck(
            passed=result.passed,
            failures=result.failures,
            simulator=f"Verilator {result.version}",
            frames=result.frames,
        )
        partial = out / f".{_CHECK}.partial"
        partial.write_text(json.dumps(asdict(check), indent=2) + "\n", encoding="utf-8")
        partial.rename(known)
    return NetlistCheck.parse(read_json(known))


def model_files(target: Target) -> tuple[Path, ...]:
    """Verilog files with simulation models of the target's cells: Yosys's, then nnhw's.

    Raises
    ------
    OptionError
        If there are none.
    """
    family = find_synthesis(target)
    if not family.models:
        raise OptionError(
            f"The netlist of target {target.name} cannot be simulated: there are no models of its "
            "cells; leave out --simulate"
        )
    share = require_yosys()
    return (
        *(share / model for model in family.models),
        *family.own_models,
    )


def model_commands(
    top: str, synthesized: Path, models: tuple[Path, ...], out: Path, *, splits_nets: bool = False
) -> list[str]:
    """Yosys commands that make model.v in `out`, where the models of all cells are flattened.

    Parameters
    ----------
    splits_nets
        See `FamilySynthesis`.
    """
    return [
        f"read_rtlil {quote(synthesized / NETLIST_RTLIL, out)}",
        # Models of nnhw come last and take the place of Yosys's black boxes. Just those that are
        # used are elaborated, which else would take longer than all the rest.
        *(f"read_verilog -defer -overwrite {quote(model)}" for model in models),
        f"hierarchy -check -top {top}",
        "proc",
        "flatten",
        "memory_collect",
        # Inputs that the netlist leaves open belong to functions that are off.
        "setundef -undriven -zero",
        "opt",
        *(["splitnets"] if splits_nets else []),
        WRITE_STATISTICS,
        # Verilator 5.049 stops at some of the long names that netlists have.
        "rename -hide w:*",
        "write_verilog -noattr model.v",
    ]


def _check_cells(folder: Path, target: Target) -> None:
    """Cells of Yosys itself begin with a dollar sign; others have no model."""
    cells = read_cells(folder)
    if missing := [cell for cell in cells if not cell.startswith("$")]:
        raise ToolError(
            f"There is no simulation model of {', '.join(missing)} for {target.name}; "
            "leave out --simulate"
        )


def netlist_manifest(
    design: ExportedDesign, *, sources: Sequence[str], memory_files: Sequence[str] = ()
) -> dict[str, Any]:
    """The design's manifest, for a netlist: it has the same ports, and no layers to look at.

    Parameters
    ----------
    sources, memory_files
        Files of the netlist, relative to the folder of the manifest.
    """
    trace = {"valid": "1'b0", "layer": "16'd0", "count": "16'd0", "data": "1'b0", "lanes": 1}
    files = {"sources": [*sources], "cell_models": [], "memory_files": [*memory_files]}
    return {**design.manifest, **files, "layers": [], "trace": trace}
