"""Simulation of the netlist of cells: is it right, and how often does each net change?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ...design import ExportedDesign
from ...errors import ExportError
from ...simulate import install_testbench, run_regression
from ..netlist_simulation import netlist_manifest
from ..result import NetlistCheck
from ..steps import read_json
from . import macros
from .memories import Memory
from .synthesis import CELLS_VERILOG, NETLIST_VERILOG
from .vcd import Transitions, count_transitions

FRAMES = 2
"""Real frames to simulate: they alternate, so that the counted one follows another one."""
_ACTIVITY = "activity.json"


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What the simulation showed.

    Parameters
    ----------
    check
        Whether the netlist equals the golden model.
    cycles
        Clock cycles in which transitions were counted; 0 if it does not.
    transitions
        Of each net in these cycles.
    """

    check: NetlistCheck
    cycles: int
    transitions: Mapping[str, Transitions]


def prepare_simulation(
    design: ExportedDesign,
    memories: Sequence[Memory],
    *,
    synthesized: Path,
    out: Path,
) -> None:
    """Make the netlist in `synthesized` a design of the exported kind, in the folder `out`.

    It has the macros' behaviour, and the design's testbench with its first real frames. The
    functions of the cells, cells.v, are added by `write_cell_functions`.

    Raises
    ------
    ExportError
        If the design has no test vectors.
    """
    vectors = design.vectors
    sources = [NETLIST_VERILOG, macros.VERILOG, CELLS_VERILOG]
    contents = sorted(
        {macros.contents_file(memory) for memory in memories if memory.contents is not None}
    )
    for name in (NETLIST_VERILOG, macros.VERILOG, *contents):
        shutil.copyfile(synthesized / name, out / name)
    manifest = netlist_manifest(design, sources=sources, memory_files=contents)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    install_testbench(out)
    try:
        with np.load(vectors, allow_pickle=False) as file:
            arrays = dict(file)
        real = np.flatnonzero(arrays["kind"] == "real")[:FRAMES]
        chosen = {name: array[real] for name, array in arrays.items()}
    except Exception as error:  # whatever a damaged archive brings about
        raise ExportError(f"'{vectors}' is damaged ({error!r}); build the design again") from None
    np.savez_compressed(out / "sim" / "vectors.npz", **chosen)


def simulate(
    folder: Path, top: str, clock: str, *, progress: Callable[[int, int], None] | None = None
) -> None:
    """Simulate what `prepare_simulation` made, with Verilator, and keep what it showed there.

    Transitions are counted in one interval: from the last output beat of a frame to that of the
    next, while frames follow one another. Of a longer interval than the testbench records it is the
    first part.

    Raises
    ------
    ToolError
        If a program is missing or fails.
    """
    result = run_regression(folder, interval_waves=True, progress=progress)
    check = NetlistCheck(
        passed=result.passed,
        failures=result.failures,
        simulator=f"Verilator {result.version}",
        frames=result.frames,
    )
    counts: dict[str, list[int]] = {}
    if result.waves is not None and result.waves_cycles:
        transitions = count_transitions(
            result.waves,
            scope=("tb", "dut"),
            clock=clock,
            cycles=result.waves_cycles,
        )
        counts = {
            name: [count.rises, count.falls] for name, count in transitions.items() if count.total
        }
        result.waves.unlink()
    values = {"check": asdict(check), "cycles": result.waves_cycles or 0, "transitions": counts}
    partial = folder / f".{_ACTIVITY}.partial"
    partial.write_text(json.dumps(values) + "\n", encoding="utf-8")
    partial.rename(folder / _ACTIVITY)


def read_activity(folder: Path) -> Activity | None:
    """What `simulate` kept in a folder; None if it has not been there."""
    path = folder / _ACTIVITY
    if not path.is_file():
        return None
    values = read_json(path)
    return Activity(
        check=NetlistCheck.parse(values["check"]),
        cycles=values["cycles"],
        transitions={net: Transitions(*counts) for net, counts in values["transitions"].items()},
    )
