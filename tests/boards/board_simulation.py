"""Simulates a board's top module with Verilator, driven by board_bench."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from run_cocotb import run_cocotb

from nnhw.boards import TOP, BoardTop, write_top

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
    run_cocotb(
        "board_bench",
        TOP,
        [HERE / "pll_twins.v", *top.design.sources, folder / "board.v"],
        folder,
        build_args=["-Wno-WIDTH", "-Wno-MULTITOP", "-Wno-PINMISSING", "-Wno-DECLFILENAME"],
        environment={
            "PYTHONPATH": os.pathsep.join([str(HERE), str(PACKAGE)]),
            "BOARD_SESSION": str(folder / "session.npz"),
            "BOARD_DIVISOR": str(top.timing.divisor),
        },
        tests=tests,
    )
