"""Runs the cocotb tests on a compiled design, in one process or several side by side."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner
from design import Design
from links import plain
from tools import ProgramError, Simulator
from trace_file import Trace, read_trace


@dataclass(frozen=True, eq=False)
class Run:
    """What one process did.

    Parameters
    ----------
    folder
        Has its trace.txt.
    segments
        Numbers of the segments that it was to run.
    events
        Of each segment that was run, by its number. A failure ends a run early.
    cycles
        Clock cycles simulated.
    failures
        Why it failed: one line or none.
    """

    folder: Path
    segments: tuple[int, ...]
    events: dict[int, Trace]
    cycles: int
    failures: list[str]


def run_shares(
    simulator: Simulator,
    design: Design,
    folder: Path,
    shares: Sequence[tuple[int, ...]],
    *,
    vectors: int,
    seed: int,
) -> list[Run]:
    """Run the segments of each share in a process of its own, all at the same time.

    Each process works in a folder run-0, run-1, ... in `folder`, where the design is compiled.

    Raises
    ------
    ProgramError
        If a simulator crashes.
    """

    def run(number: int) -> Run:
        run_folder = folder / f"run-{number}"
        segments = shares[number]
        failures = run_tests(
            simulator, design, folder, run_folder, segments=segments, vectors=vectors, seed=seed
        )
        trace = read_trace(run_folder / "trace.txt")
        return Run(
            folder=run_folder,
            segments=segments,
            events=dict(zip(segments, trace.segments(), strict=False)),
            cycles=int(trace.cycle[-1]) + 1 if len(trace) else 0,
            failures=failures,
        )

    for left_over in folder.glob("run-*"):
        shutil.rmtree(left_over)
    with ThreadPoolExecutor(len(shares)) as pool:
        return list(pool.map(run, range(len(shares))))


def run_tests(
    simulator: Simulator,
    design: Design,
    folder: Path,
    run_folder: Path,
    *,
    segments: tuple[int, ...],
    vectors: int,
    seed: int,
    waves: tuple[int, int] | None = None,
) -> list[str]:
    """Run the cocotb tests of a design that is compiled in `folder`; returns why they failed.

    Leaves trace.txt in `run_folder`. The first failure ends the run: the list has one line or none.

    Parameters
    ----------
    segments
        Numbers of the segments that are run.
    vectors
        How many of the test vectors are sent.
    waves
        First and last clock cycle of the recorded waves; the simulation ends with the last.

    Raises
    ------
    ProgramError
        If the simulator crashes.
    """
    run_folder.mkdir(exist_ok=True)
    (run_folder / "trace.txt").unlink(missing_ok=True)
    results = run_folder / "results.xml"
    results.unlink(missing_ok=True)
    for file in design.memory_files:
        link = run_folder / file.name  # where $readmemh looks for it
        link.unlink(missing_ok=True)
        link.symlink_to(_seen_from(run_folder, file, design.folder))
    # what RAM holds at first, see the design's Verilog
    plusargs = [f"+power_up={random.Random(f'power up {seed}').getrandbits(32)}"]
    if waves is not None:
        plusargs += [
            f"+waves={simulator.waves_file}",
            f"+waves_from={waves[0]}",
            f"+waves_to={waves[1]}",
        ]
    if simulator.name == "verilator":
        plusargs += ["+verilator+rand+reset+2", f"+verilator+seed+{seed + 1}"]
    # A failed test may be the reason for a bad exit status; the results tell.
    with contextlib.suppress(RuntimeError):
        get_runner(simulator.name).test(
            test_module="cocotb_tests",
            hdl_toplevel="tb",
            hdl_toplevel_lang="verilog",
            build_dir=folder,
            test_dir=run_folder,
            results_xml=str(results),
            plusargs=plusargs,
            seed=seed,
            # Icarus writes no waves at all without it.
            waves=simulator.name == "icarus" and waves is not None,
            extra_env={
                "SIM_DESIGN": str(plain(design.folder)),
                "SIM_VECTORS": str(vectors),
                "SIM_SEGMENTS": " ".join(map(str, segments)),
                "COCOTB_MAX_FAILURES": "1",
                # Rewritten assertions would print whole frames.
                "COCOTB_REWRITE_ASSERTION_FILES": "",
            },
        )
    if not results.is_file():
        raise ProgramError("The simulation stopped before its end")
    return _first_failure(results)


def _seen_from(folder: Path, file: Path, design: Path) -> Path:
    """A file of the design; relative to a folder in it, so that the design can be moved."""
    inside = folder.is_relative_to(design)
    return Path(os.path.relpath(file, folder)) if inside else file


def _first_failure(results: Path) -> list[str]:
    """The first failed test in cocotb's JUnit file."""
    try:
        cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    except ElementTree.ParseError:
        raise ProgramError("The simulation stopped while it wrote its results") from None
    for case in cases:
        for failure in [*case.iter("failure"), *case.iter("error")]:
            return [f"Test '{case.get('name')}': {failure.get('message')}"]
    return []
