"""Folders with odd names, and disks that are full."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

import pytest
from standin import write_standin

from nnhw.errors import ToolError
from nnhw.simulate import child, lint, run_regression
from nnhw.synth.child import Run, run_logged
from nnhw.synth.steps import locked, read_json

ODD = "a \"b' $HOME;touch X;#c:d\n[e]*"


def test_lint_in_an_odd_folder(tmp_path):
    assert lint(write_standin(tmp_path / ODD / "standin")) == []


@pytest.mark.slow
def test_simulation_in_an_odd_folder(tmp_path):
    assert run_regression(write_standin(tmp_path / ODD / "standin"), vectors=1).passed
    assert [path.name for path in tmp_path.iterdir()] == [ODD]


def test_build_folder_that_compilers_cannot_take(tmp_path):
    with pytest.raises(ToolError, match=r"--build-dir: compilers cannot take the path '.*\$build'"):
        run_regression(write_standin(tmp_path / "standin"), build_dir=tmp_path / "$build")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", folder]
    mount = shutil.which("mount")
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk):
    """Leave no room on a disk."""
    with (disk / "fill").open("wb", 0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_simulation_on_a_full_disk(small_disk):
    design = write_standin(small_disk / "standin")
    fill(small_disk)
    with pytest.raises(ToolError, match=r"cannot write to '.*sim_build': No space left on device"):
        run_regression(design, vectors=1)


def test_program_that_fails_on_a_full_disk(small_disk):
    fill(small_disk)
    run = Run(command=["false"], log=small_disk / "false.log")
    with pytest.raises(ToolError, match=r"cannot be written: No space left"), locked(small_disk):
        run_logged(run)


@pytest.mark.parametrize("text", ["", "{", '{"passed": tr', "3", "\ud800"])
def test_answer_that_breaks_off(tmp_path, monkeypatch, text):
    design = write_standin(tmp_path / "standin")
    log = tmp_path / "log"

    def watch(process, log, progress):
        process.end()
        log.with_suffix(".json").write_bytes(text.encode("utf-8", "surrogatepass"))

    monkeypatch.setattr(child, "_watch", watch)
    with pytest.raises(ToolError, match=r"log\.json', is damaged .*is the disk full\?"):
        child.run_script(design, [], log)


@pytest.mark.parametrize("text", [None, "", '{"modules": {', "\ud800"])
def test_output_of_a_program_that_breaks_off(tmp_path, text):
    path = tmp_path / "netlist.json"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ToolError, match=r"netlist\.json' is missing or damaged"):
        read_json(path)


def test_trace_that_breaks_off_is_no_divergence(testbench, tmp_path, monkeypatch):
    """Where there is no room, a result that has not passed says so in place of a difference."""
    processes = testbench("processes")
    processes.check_room(tmp_path)
    assert list(tmp_path.iterdir()) == []

    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(processes.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        processes.check_room(tmp_path)
    assert list(tmp_path.iterdir()) == []
