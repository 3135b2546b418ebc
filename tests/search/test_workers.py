"""Workers that are lost, and those of a Dask scheduler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from nnhw.errors import ToolError
from nnhw.options import BuildOptions
from nnhw.search.problem import Problem, read_problem
from nnhw.search.workers import Workers, open_workers
from nnhw.search.workers.processes import Processes

EXAMPLES = Path(__file__).parents[2] / "examples"
POINTS = [{"rows": rows, "cols": 2} for rows in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def problem() -> Problem:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        data = {name: arrays[name][:60] for name in ("x", "y")}
    options = BuildOptions(equalize="off")
    return read_problem(
        EXAMPLES / "digits_mlp.onnx", data, options, samples=30, progress=lambda step, share: None
    )


def finish(workers: Workers, count: int) -> dict[int, str]:
    """What was refused, by point, when all are done."""
    outcomes: dict[int, str] = {}
    while len(outcomes) < count:
        outcomes |= {done.key: done.outcome.refusal for done in workers.wait()}
    return outcomes


def test_points_run_again_when_a_process_is_killed(problem: Problem) -> None:
    with Processes.started(problem, 1) as workers:
        for key, point in enumerate(POINTS):
            workers.submit(key, point)
        victim = next(iter(workers._pool._processes))
        os.kill(victim, signal.SIGKILL)
        assert finish(workers, len(POINTS)) == dict.fromkeys(range(len(POINTS)), "")
        assert victim not in workers._pool._processes


@pytest.mark.slow
def test_a_point_that_ends_every_process_is_refused(problem: Problem) -> None:
    """One that the test kills whoever evaluates it."""
    with Processes.started(problem, 1) as workers:
        workers.submit(0, POINTS[0])
        for _ in range(2):
            for pid in list(workers._pool._processes):
                os.kill(pid, signal.SIGKILL)
            if lost := workers._begin_anew():
                break
        assert [done.key for done in lost] == [0]
        assert "too little memory?" in lost[0].outcome.refusal
        workers.submit(1, POINTS[1])
        assert finish(workers, 1) == {1: ""}


SCRIPT = """
import os, signal
from pathlib import Path
from nnhw.options import BuildOptions
from nnhw.search.problem import read_problem
from nnhw.search.workers import open_workers
problem = read_problem(
    Path(MODEL), DATA, BuildOptions(), samples=30, progress=lambda step, share: None
)
with open_workers(problem, processes=2):
    Path("started").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def processes_in(folder: Path) -> list[str]:
    """Processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and os.readlink(entry / "cwd") == str(folder):
                found.append((entry / "cmdline").read_text())
    return found


@pytest.mark.slow
def test_no_process_is_left_when_the_search_is_killed(tmp_path: Path) -> None:
    model, data = EXAMPLES / "digits_mlp.onnx", EXAMPLES / "digits.npz"
    code = SCRIPT.replace("MODEL", repr(str(model))).replace("DATA", repr(str(data)))
    killed = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "started").exists()
    deadline = time.monotonic() + 30
    while left := processes_in(tmp_path):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_worker_is_killed(problem: Problem) -> None:
    """Its trial runs again on another one."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        open_workers(problem, scheduler=cluster.scheduler_address) as workers,
    ):
        assert workers.size == 6
        for key, point in enumerate(POINTS):
            workers.submit(key, point)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        assert finish(workers, len(POINTS)) == dict.fromkeys(range(len(POINTS)), "")


def test_a_scheduler_that_does_not_answer(problem: Problem, monkeypatch) -> None:
    pytest.importorskip("distributed")
    from nnhw.search.workers import dask

    monkeypatch.setattr(dask, "_PATIENCE", "1s")
    with (
        pytest.raises(ToolError, match=r"tcp://127.0.0.1:9 does not answer .*'dask scheduler'"),
        open_workers(problem, scheduler="tcp://127.0.0.1:9"),
    ):
        pass
