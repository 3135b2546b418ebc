"""Runs the cocotb tests on a compiled design."""

from __future__ import annotations

import contextlib
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner
from design import Design
from tools import ProgramError, Simulator


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

    Raises
    ------
    ProgramError
        If the simulator crashes.
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
    # A failed test may be the reason for a bad exit status; the results tell.
    with contextlib.suppress(RuntimeError):
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
    if not results.is_file():
        raise ProgramError("The simulation stopped before its end")
    return _first_failure(results)


def _first_failure(results: Path) -> list[str]:
    """The first failed test in cocotb's JUnit file."""
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        for failure in [*case.iter("failure"), *case.iter("error")]:
            return [f"Test '{case.get('name')}': {failure.get('message')}"]
    return []
