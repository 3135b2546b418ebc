"""Several processes find what one finds, and two runs keep out of each other's way."""

import fcntl
import json
import subprocess
import sys

import numpy as np
import pytest
from standin import INTERVAL_CYCLES, LATENCY_CYCLES, write_standin
from test_regression import QUICK

from nnhw.design import write_checksums
from nnhw.errors import ToolError
from nnhw.simulate import run_regression


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    """Folder of the compiled simulator."""
    return tmp_path_factory.mktemp("build")


def many_frames(folder, count=12, **options):
    """The stand-in with more test vectors."""
    write_standin(folder, **options)
    path = folder / "sim" / "vectors.npz"
    frames = np.random.default_rng(1).integers(0, 256, (count, 60), np.uint8)
    layer_0 = frames + np.uint8(1)
    layer_1 = np.negative(layer_0[:, :42])
    kind = np.array(["real"] * count)
    np.savez(path, input=frames, output=layer_1, layer_0=layer_0, layer_1=layer_1, kind=kind)
    write_checksums(folder)
    return folder


def test_three_processes_are_as_good_as_one(tmp_path, build_dir):
    design = many_frames(tmp_path / "standin")
    progress = []
    one, three = (
        run_regression(
            design,
            simulator=QUICK,
            jobs=jobs,
            build_dir=build_dir,
            progress=lambda *frames: progress.append(frames),
        )
        for jobs in (1, 3)
    )
    assert one.passed
    assert three.passed
    assert (one.processes, three.processes) == (1, 3)
    assert three.latency_cycles == one.latency_cycles == LATENCY_CYCLES
    assert three.interval_cycles == one.interval_cycles == INTERVAL_CYCLES
    assert three.frames == one.frames == 12
    assert progress[-1] == (12 + 7, 12 + 7)
    for number in range(3):
        assert (build_dir / QUICK / f"run-{number}" / "trace.txt").is_file()


@pytest.mark.parametrize(
    "changes",
    [
        # In one frame in some hundred: not in the first ones.
        {"read[7:0] + 8'd1 :": "read[7:0] + 8'd1 + (place == 8 && read[15:6] == 10'd%d) :"},
        {"state <= LOAD;\n            place <= 0;": "state <= LOAD;"},
    ],
)
def test_the_first_divergence_does_not_depend_on_processes(changes, tmp_path, build_dir):
    frames = np.random.default_rng(1).integers(0, 256, (12, 60), np.uint8).astype(int)
    word = (frames[9, 9] << 2) + (frames[9, 8] >> 6)
    changes = {old: new % word if "%d" in new else new for old, new in changes.items()}
    design = many_frames(tmp_path / "standin", changes=changes)
    found = [
        run_regression(design, simulator=QUICK, jobs=jobs, build_dir=build_dir) for jobs in (1, 3)
    ]
    for result in found:
        divergence = result.divergence
        assert not result.passed
        assert result.failures[0] == divergence.message
        assert result.waves.is_file()
        first = found[0].divergence
        for field in ("test", "frame", "kind", "layer", "element", "expected", "actual"):
            assert getattr(divergence, field) == getattr(first, field)
    if "%d" in str(changes):
        assert found[0].divergence.frame == 9


def test_second_run_in_the_same_folder_is_refused(tmp_path):
    design = write_standin(tmp_path / "standin")
    folder = tmp_path / "build"
    folder.mkdir()
    with (folder / f"{QUICK}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ToolError, match=r"Another simulation is running in .*--build-dir"):
            run_regression(design, simulator=QUICK, build_dir=folder)
    with (folder / f"{QUICK}.log").open("a") as lock:
        lock.write("of the other run\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ToolError, match="Another simulation is running in"):
            run_regression(design, simulator=QUICK, build_dir=folder)
    assert "of the other run" in (folder / f"{QUICK}.log").read_text()


def test_the_script_refuses_nonsense(tmp_path):
    design = write_standin(tmp_path / "standin")
    done = subprocess.run(
        [sys.executable, str(design / "sim" / "run.py"), "--jobs", "0"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "--jobs must be at least 1" in done.stderr


def test_json_names_the_processes(tmp_path, build_dir):
    design = write_standin(tmp_path / "standin")
    answer = tmp_path / "answer.json"
    command = [sys.executable, str(design / "sim" / "run.py"), "--simulator", QUICK]
    command += ["--jobs", "2", "--build-dir", str(build_dir), "--json", str(answer)]
    subprocess.run(command, check=True, capture_output=True)
    assert json.loads(answer.read_text())["processes"] == 2
