"""Builds that are killed: what is in the folder afterwards, and which processes are left."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnhw.design import read_design, verify_checksums
from nnhw.simulate import sim_folder

EXAMPLES = Path(__file__).parents[1] / "examples"
OPTIONS = ["--data", str(EXAMPLES / "digits.npz"), "--macs", "16", "--vectors", "1"]
BUILD = ["build", str(EXAMPLES / "digits_mlp.onnx"), *OPTIONS]


def start(
    *arguments: str, code: str = "from nnhw.cli import main; main()", cwd: Path | None = None
) -> subprocess.Popen:
    """The command `nnhw` in a child."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(child: subprocess.Popen) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()


def processes_at(folder: Path) -> list[str]:
    """Command lines of processes that have to do with a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            place = os.readlink(entry / "cwd")
        except OSError:
            continue
        # what has just been killed has no command line any more
        if command and (os.fsencode(folder) in command or place.startswith(str(folder))):
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def wait_for(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_all_end(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while left := processes_at(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.parametrize("victim", ["nnhw", "run.py"])
def test_compilers_end_with_who_wanted_them(tmp_path, victim):
    """make, the compiler's driver and the compiler itself, which only they have started."""
    child = start(*BUILD, "--out", str(tmp_path / "net"))
    try:
        wait_for(
            lambda: (
                any("cc1plus" in command for command in processes_at(tmp_path))
                or child.poll() is not None
            ),
            120,
        )
        assert child.poll() is None
        if victim == "nnhw":
            kill(child)
        else:
            os.kill(find_script(tmp_path), signal.SIGKILL)
            assert child.wait(60) == 1
    finally:
        kill(child)
    assert_all_end(tmp_path)


def find_script(folder: Path) -> int:
    """The process of the design's own run.py."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.endswith(b"sim/run.py") for word in words) and any(
                os.fsencode(folder) in word for word in words
            ):
                return int(entry.name)
    raise AssertionError("run.py does not run")


SLEEPER = """
import subprocess, sys
sys.path.insert(0, {sim!r})
import guard
sys.exit(guard.run_guarded([sys.executable, "-c", {code!r}]))
"""


@pytest.mark.parametrize("victim", ["parent", "command", "guard"])
def test_guard(tmp_path, victim):
    """A grandchild ends whichever of the three processes before it is killed."""
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "with open('pids.new', 'w') as file:\n"
        "    file.write(f'{os.getpid()} {os.getppid()} {child.pid}')\n"
        "os.rename('pids.new', 'pids')\n"
        "child.wait()\n"
    )
    parent = start(code=SLEEPER.format(sim=str(sim_folder()), code=code), cwd=tmp_path)
    try:
        wait_for(pids.exists, 30)
        command, guard, grandchild = map(int, pids.read_text().split())
        os.kill({"parent": parent.pid, "command": command, "guard": guard}[victim], signal.SIGKILL)
        wait_for(lambda: has_ended(grandchild), 10)
        assert parent.wait(10) == (-9 if victim == "parent" else 137)
    finally:
        kill(parent)


def has_ended(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return ") Z " in stat.read_text()
    except OSError:
        return True


# Builds without their simulation, in forks of a process that has imported all that they need.
SERVER = """
import json, os, signal, sys, time
from nnhw.pipeline import build
import nnhw.design.exchange as exchange


def run(request):
    if not request["one_step"]:
        exchange._exchange = lambda one, other: False
    if request["at"] is not None:
        rename, count = os.rename, 0

        def counted(*paths):
            nonlocal count
            if count == request["at"]:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            rename(*paths)

        os.rename = counted
    build(sys.argv[1], data=sys.argv[2], out=request["out"], rows=1, cols=1, vectors=1,
          sim=False, force=request["force"], seed=request["seed"])


for line in sys.stdin:
    request = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            run(request)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if request["after"] is not None:
        time.sleep(request["after"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - began]), flush=True)
"""


def save_small_model(path: Path, weights: np.ndarray) -> None:
    """A matrix product."""
    onnx.save(
        helper.make_model(
            helper.make_graph(
                [helper.make_node("MatMul", ["x", "w"], ["y"])],
                "net",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", len(weights)])],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
                [numpy_helper.from_array(weights, "w")],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        ),
        path,
    )


class Builds:
    """Starts builds, one after the other, and kills some of them."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        weights = rng.standard_normal((8, 4)).astype(np.float32)
        save_small_model(folder / "net.onnx", weights)
        np.savez(folder / "x.npz", x=rng.standard_normal((20, 8)).astype(np.float32))
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder / "net.onnx"), str(folder / "x.npz")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def __call__(
        self,
        out: Path,
        *,
        after: float | None = None,
        at: int | None = None,
        one_step: bool = True,
        force: bool = True,
        seed: int = 0,
    ) -> tuple[int, float]:
        """Status and seconds of a build that is killed `after` seconds or at the rename `at`."""
        request = locals() | {"out": str(out)}
        del request["self"]
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        status, seconds = json.loads(self._server.stdout.readline())
        return status, seconds

    def end(self) -> None:
        with self._server:
            self._server.kill()


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    builds = Builds(tmp_path_factory.mktemp("model"))
    yield builds
    builds.end()


def kill_builds(build: Builds, out: Path, kills: int, between: int, seed: int) -> None:
    """Kill builds over `out` at random moments, and some between the two renames.

    After each, the design that was there or the new one is there, whole.
    """
    rng = random.Random(seed)
    status, seconds = build(out)
    assert status == 0
    forced = set(rng.sample(range(kills), between))
    for number in range(kills):
        if number in forced:
            assert build(out, at=1, one_step=False, seed=number)[0] == -signal.SIGKILL
            assert not out.exists()
        else:
            one_step = rng.random() < 0.5
            build(out, after=rng.uniform(0, 1.1 * seconds), one_step=one_step, seed=number)
        design = read_design(out)  # brings back what was between the renames
        assert design.edited == ()
        assert verify_checksums(out) == ()
    assert build(out, seed=kills)[0] == 0
    assert verify_checksums(out) == ()
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_killed_builds(tmp_path, build):
    kill_builds(build, tmp_path / "net", kills=5, between=2, seed=1)


@pytest.mark.slow
def test_fifty_killed_builds(tmp_path, build):
    kill_builds(build, tmp_path / "net", kills=40, between=10, seed=50)
    # without force there is no design yet, or a whole one
    rng = random.Random(7)
    status, seconds = build(tmp_path / "first", force=False)
    assert status == 0
    for number in range(10):
        out = tmp_path / f"net{number}"
        build(out, after=rng.uniform(0, 1.1 * seconds), force=False)
        assert not out.exists() or verify_checksums(out) == ()
        assert build(out)[0] == 0
        assert verify_checksums(out) == ()
    assert len(list(tmp_path.iterdir())) == 12
