"""The regression of an exported design."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from ..design import read_design
from .child import run_script
from .result import Divergence, SimulationResult, TimingDiagram


def run_regression(
    design_dir: str | PathLike[str],
    *,
    simulator: str = "verilator",
    vectors: int | None = None,
    waves: bool = False,
    interval_waves: bool = False,
    seed: int = 0,
    jobs: int | None = None,
    build_dir: str | PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationResult:
    """Simulate an exported design and compare it with the golden model, layer by layer.

    This runs the design's own sim/run.py, what its reader would run; the README beside it says
    what is tested. A difference is a result, not an exception.

    Parameters
    ----------
    design_dir
        The exported folder: manifest.json, rtl/ and sim/.
    simulator
        "verilator" or "icarus".
    vectors
        Number of test vectors to use, taken from each kind in turn; None: all.
    waves
        Record the waves of the first frame, or of its first 20,000 clock cycles. The waves around a
        divergence are recorded anyway, and in place of that.
    interval_waves
        Record, unless there is a divergence, the waves of one interval: from the last output beat
        of a frame to that of the next, while frames follow one another without a pause; of a longer
        one the first 20,000 clock cycles.
    seed
        Of the random pauses and resets.
    jobs
        Most processes to share the frames out to; None: as many as have a core and enough to do.
        What is sent, and what is found, does not depend on it.
    build_dir
        Folder for the compiled simulator and the log, of a path that GNU make takes; None:
        sim/sim_build in the design.
    progress
        Called now and then with the number of frames done and their total.

    Raises
    ------
    ExportError
        If the design's files are missing or damaged.
    ToolError
        If a program is missing, the design does not compile, or another simulation runs in the
        same folder.
    """
    design = read_design(design_dir)
    design_dir = design.folder
    folder = Path(build_dir).resolve() if build_dir else design_dir / "sim" / "sim_build"
    arguments = ["--simulator", simulator, "--seed", str(seed)]
    if build_dir is not None:
        arguments += ["--build-dir", str(folder)]
    if vectors is not None:
        arguments += ["--vectors", str(vectors)]
    if jobs is not None:
        arguments += ["--jobs", str(jobs)]
    if waves:
        arguments.append("--waves")
    if interval_waves:
        arguments.append("--interval-waves")
    log = folder / f"{simulator}.log"
    result = run_script(design_dir, arguments, log, progress)
    result["edited"] = design.edited
    divergence = result.pop("divergence")
    if divergence is not None:
        if divergence["element"] is not None:
            divergence["element"] = tuple(divergence["element"])
        divergence = Divergence(**divergence)
    failures = tuple(result.pop("failures"))
    diagrams = tuple(
        TimingDiagram(**{**diagram, "data": tuple(diagram["data"])})
        for diagram in result.pop("diagrams")
    )
    trace, waves_file = Path(result.pop("trace")), result.pop("waves")
    return SimulationResult(
        **result,
        failures=failures,
        divergence=divergence,
        diagrams=diagrams,
        log=log,
        trace=trace,
        waves=Path(waves_file) if waves_file else None,
    )
